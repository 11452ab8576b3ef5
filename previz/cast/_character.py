"""Mira, the one character of the first bundled checkpoint, and the fixed map from her code z to a scene.

The generator sees z only after StyleGAN2's normalisation to unit mean square, so the scene is a function of
that too: s = z / sqrt(mean(z^2)), then e = erf(s / sqrt(2)) in -1..1, close to uniform for a random z. Each
axis of the scene is a smooth function (its slope continuous) of its own e, but for the products named below.

The bundled checkpoint was trained on this map and this look: to change either is to make another character.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from previz.cast._domain import Domain, uniform_axes
from previz.cast._scene import Camera, Expression, Gaze, Identity, Light, Materials, Pose, Scene, Vector

__all__ = ["MIRA", "MIRA_DOMAIN", "Z_DIM", "Z_NAMES", "scene_from_axes", "scene_from_z"]

Z_NAMES = (
    "yaw", "pitch", "roll", "jaw", "smile", "smirk", "pucker", "blink", "gaze_x", "gaze_y", "brow", "furrow",
)  # fmt: skip
Z_DIM = len(Z_NAMES)

YAW, PITCH, ROLL = 20.0, 12.0, 6.0  # degrees at the ends
GAZE_X, GAZE_Y = 20.0, 11.0


def _linear(red: float, green: float, blue: float) -> Vector:
    """An encoded colour (gamma 2.2) as linear light."""
    return (red**2.2, green**2.2, blue**2.2)


def _sided(*pairs: tuple[str, float]) -> tuple[tuple[str, float], ...]:
    """Shapes of one side, for both: "eyes/{}-eye-scale-incr" to its l- and r- targets."""
    return tuple((name.format(side), amount) for name, amount in pairs for side in ("l", "r"))


MIRA = Scene(
    identity=Identity(
        gender=0.04,
        age=0.42,
        weight=0.40,
        muscle=0.42,
        african=0.18,
        asian=0.20,
        caucasian=0.62,
        shapes=(
            ("head/head-oval", 0.70),
            ("mouth/mouth-angles-up", 0.5),
            ("mouth/mouth-upperlip-volume-incr", 0.25),
            ("mouth/mouth-lowerlip-volume-incr", 0.05),
            ("nose/nose-scale-vert-decr", 0.20),
            ("nose/nose-point-up", 0.20),
            ("nose/nose-width2-decr", 0.20),
            ("chin/chin-width-decr", 0.25),
            ("chin/chin-height-decr", 0.15),
            *_sided(
                ("eyes/{}-eye-scale-incr", 0.85),
                ("eyes/{}-eye-height2-incr", 0.25),
                ("cheek/{}-cheek-volume-incr", 0.08),
                ("cheek/{}-cheek-bones-incr", 0.20),
            ),
        ),
        hair="long01",
        hair_end=6.05,
    ),
    materials=Materials(
        skin=_linear(0.91, 0.70, 0.58),
        lips=_linear(0.78, 0.37, 0.35),
        brows=_linear(0.36, 0.18, 0.11),
        iris=(0.075, 0.24, 0.40),
        hair=_linear(0.54, 0.21, 0.09),
        cloth=_linear(0.16, 0.22, 0.38),
        trim=_linear(0.85, 0.80, 0.72),
        lids=_linear(0.62, 0.36, 0.32),
        blush=0.6,
        brow_thickness=0.66,
        brow_arch=0.85,
        iris_radius=0.56,
        seed=5.2,
    ),
    light=Light(),
    camera=Camera(half_height=0.59, aim=0.405),
)


def scene_from_z(z: ArrayLike, character: Scene = MIRA) -> Scene:
    """The scene that a code [12] stands for: its direction alone matters; zero is neutral."""
    code = np.asarray(z, np.float64)
    if code.shape != (Z_DIM,):
        raise ValueError(f"z has shape {list(code.shape)}, expected [{Z_DIM}] ({', '.join(Z_NAMES)})")
    return scene_from_axes(dict(zip(Z_NAMES, uniform_axes(code).tolist(), strict=True)), character)


def scene_from_axes(axes: dict[str, float], character: Scene = MIRA) -> Scene:
    """The scene at axis values -1..1, 0 where left out (that is: neutral)."""
    e = {name: float(axes.get(name, 0.0)) for name in Z_NAMES}
    units: dict[str, float] = {}
    for part in (_mouth(e), _eyes(e), _brows(e)):
        for name, amount in part.items():
            units[name] = units.get(name, 0.0) + amount
    return Scene(
        character.identity,
        character.materials,
        character.light,
        character.camera,
        Expression(tuple((name, amount) for name, amount in units.items() if amount)),
        Pose(YAW * e["yaw"], PITCH * e["pitch"], ROLL * e["roll"]),
        Gaze(GAZE_X * e["gaze_x"], GAZE_Y * e["gaze_y"]),
    )


def _ramp(value: float, start: float, end: float) -> float:
    """0 up to `start`, 1 from `end` on, with a level slope at both."""
    t = min(1.0, max(0.0, (value - start) / (end - start)))
    return t * t * (3 - 2 * t)


def _mouth(e: dict[str, float]) -> dict[str, float]:
    """Jaw, smile or frown, smirk and pucker; a pucker holds the corners back."""
    jaw = _ramp(e["jaw"], -0.12, 0.95)
    pucker = _ramp(e["pucker"], 0.1, 1.0)
    free = 1 - 0.6 * pucker
    smile = _ramp(e["smile"], -0.4, 1.0) * free
    frown = _ramp(-e["smile"], 0.15, 1.0) * free
    left, right = _ramp(e["smirk"], 0.0, 1.0) * free, _ramp(-e["smirk"], 0.0, 1.0) * free
    units = {
        "jawOpen": 0.72 * jaw,
        "mouthPucker": 0.8 * pucker,
        "mouthLeft": 0.25 * left,
        "mouthRight": 0.25 * right,
    }
    for side, up, down in (("Left", left, right), ("Right", right, left)):
        units |= {
            f"mouthSmile{side}": 1.05 * smile + 0.65 * up * (1 - 0.4 * smile),
            f"mouthFrown{side}": 0.85 * frown + 0.3 * down,
            f"cheekSquint{side}": 0.55 * smile + 0.25 * up,
            f"mouthUpperUp{side}": (0.20 + 0.15 * smile) * jaw,
            f"mouthLowerDown{side}": 0.20 * jaw,
        }
    return units


def _eyes(e: dict[str, float]) -> dict[str, float]:
    """Lids: closed for a fifth of all codes; while open, a smile narrows and raised brows widen them."""
    closed = _ramp(e["blink"], 0.2, 0.75)
    squint = 0.25 * _ramp(e["smile"], 0.0, 1.0) * (1 - closed)
    wide = 0.35 * _ramp(e["brow"], 0.2, 1.0) * (1 - closed)
    return {
        f"eye{kind}{side}": amount
        for side in ("Left", "Right")
        for kind, amount in (("Blink", closed), ("Squint", squint), ("Wide", wide))
    }


def _brows(e: dict[str, float]) -> dict[str, float]:
    """Brows up or down, and furrowed or drawn up in the middle."""
    up, down = _ramp(e["brow"], -0.05, 1.0), _ramp(-e["brow"], 0.0, 1.0)
    furrow, worry = _ramp(e["furrow"], 0.0, 1.0), _ramp(-e["furrow"], 0.0, 1.0)
    units = {"browInnerUp": 0.7 * up + 0.9 * worry}
    for side in ("Left", "Right"):
        units |= {
            f"browOuterUp{side}": up,
            f"browDown{side}": 0.6 * down + 0.7 * furrow,
            f"noseSneer{side}": 0.25 * furrow,
        }
    return units


_GROUPS = {
    "pose": ("yaw", "pitch", "roll"),
    "expression": ("jaw", "smile", "smirk", "pucker", "blink", "brow", "furrow"),
    "gaze": ("gaze_x", "gaze_y"),
}

_NEUTRAL = {name: -0.5 if name in ("jaw", "pucker", "blink") else 0.0 for name in _GROUPS["expression"]}

MIRA_DOMAIN = Domain(
    name="mira",
    description="one young woman with a red bob; free in head pose, gaze, brows, lids and mouth",
    z_names=Z_NAMES,
    z_groups={group: tuple(Z_NAMES.index(name) for name in names) for group, names in _GROUPS.items()},
    aspect=(1, 1),
    scene=scene_from_z,
    factors=lambda z: uniform_axes(z).astype(np.float32),
    factor_names=Z_NAMES,
    groups=_GROUPS,
    expressions={"neutral": _NEUTRAL}
    | {
        "happy": _NEUTRAL | {"smile": 1.6, "brow": 0.3},
        "laughing": _NEUTRAL | {"smile": 1.8, "jaw": 0.7, "brow": 0.3},
        "sad": _NEUTRAL | {"smile": -1.6, "furrow": -1.4},
        "angry": _NEUTRAL | {"smile": -0.6, "furrow": 1.6, "brow": -1.4},
        "surprised": _NEUTRAL | {"jaw": 0.8, "brow": 1.8},
        "smirk": _NEUTRAL | {"smirk": 1.6},
        "aa": _NEUTRAL | {"jaw": 1.6},
        "oo": _NEUTRAL | {"pucker": 1.8},
        "blink": _NEUTRAL | {"blink": 1.6},
    },
)
