"""The body family: full figures of many people, free in pose, and the fixed map from a code z to a scene.

As for the heads, the scene is a function of the normalised code s = z / rms(z) and of e = erf(s / sqrt 2), in
-1..1. All but the choice of a hair mesh, of a skirt, of a neckline and of a pattern is continuous in z.

The bundled checkpoint was trained on this map: to change it is to make another family.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from previz.cast import _palettes as palettes
from previz.cast._domain import Domain, normalised, uniform_axes
from previz.cast._head import HAIR_STYLES, choose_hair
from previz.cast._scene import (
    Camera,
    Expression,
    Identity,
    Light,
    Materials,
    Outfit,
    Pose,
    Scene,
    Vector,
)
from previz.cast._stance import ANGLES, arm_angles, body_pose, leg_angles

__all__ = ["BODY"]

Array = NDArray[np.float64]

Z_GROUP_NAMES = {
    "identity": ("gender", "age", "weight", "muscle", "ancestry_a", "ancestry_b", "face"),
    "hair": ("hair_a", "hair_b", "hair_c", "hair_shade"),
    "colour": (
        "skin", "top_hue", "top_light", "bottom_hue", "bottom_light", "shoes", "sleeve", "legs", "hem",
        "pattern",
    ),
    "light": ("light_side", "backdrop_hue", "backdrop_light"),
    "pose": (
        "yaw", "head_yaw", "head_pitch", "arms_a", "arms_b", "arms_da", "arms_db", "elbow_l", "elbow_r",
        "stride_a", "stride_b", "wide", "crouch", "sway", "twist", "bend", "lean",
    ),
    "expression": ("smile", "jaw"),
    "gaze": (),
}  # fmt: skip
Z_NAMES = tuple(name for names in Z_GROUP_NAMES.values() for name in names)
_INDEX = {name: index for index, name in enumerate(Z_NAMES)}

YAW, TWIST, BEND, LEAN = 30.0, 14.0, 10.0, 9.0  # degrees at the ends
HEAD_YAW, HEAD_PITCH = 32.0, 12.0
ALIKE = 0.8  # how much of an arm's place both arms share; the rest is opposite
CAMERA = Camera(half_height=0.62, aim=0.515, elevation=5.0, whole_figure=True)


def _columns(values: Array, *names: str) -> Array:
    return values[:, [_INDEX[name] for name in names]]


def pose_angles(z: Array) -> dict[str, Array]:
    """Degrees [N] of every one of ANGLES at codes [N, Z]."""
    s, e = normalised(z), uniform_axes(z)
    one = {name: e[:, index] for name, index in _INDEX.items()}
    shared, apart = _columns(s, "arms_a", "arms_b"), _columns(s, "arms_da", "arms_db")
    rest = math.sqrt(1 - ALIKE**2)
    found: dict[str, Array] = {}
    for side, sign, bend in (("L", 1, one["elbow_l"]), ("R", -1, one["elbow_r"])):
        place = 1.1 * erf((ALIKE * shared + sign * rest * apart) / math.sqrt(2))
        found |= {f"{name}_{side}": angle for name, angle in arm_angles(place, bend).items()}
    found |= leg_angles(1.1 * _columns(e, "stride_a", "stride_b"), one["wide"], one["crouch"], one["sway"])
    bent = (found["knee_L"] + found["knee_R"]) / 2
    return found | {
        "yaw": YAW * one["yaw"],
        "twist": TWIST * one["twist"],
        "bend": BEND * one["bend"] - 0.5 * found["sway"],
        "lean": LEAN * one["lean"] + 0.16 * np.maximum(0, bent - 12),
    }


def _of_angle(**values: float) -> dict[str, float]:
    """One value for each of ANGLES, from values by name without a side."""
    return {name: values[name.removesuffix("_L").removesuffix("_R")] for name in ANGLES}


# Degrees from which and to which an angle's factor goes from 0 to 1.
MIDDLE = _of_angle(
    yaw=0, twist=0, bend=0, lean=5, sway=0, raised=60, forward=20, inward=-10, elbow=65, palm=25,
    thigh=32, spread=5, knee=54, heel=24, turned=16,
)  # fmt: skip
HALF = _of_angle(
    yaw=30, twist=14, bend=12, lean=14, sway=6, raised=58, forward=43, inward=81, elbow=62, palm=15,
    thigh=34, spread=12, knee=46, heel=24, turned=9,
)  # fmt: skip


def factors(z: Array) -> NDArray[np.float32]:
    """What scenes are made of, [N, P], in the order of FACTOR_NAMES."""
    e = uniform_axes(z)
    angles = pose_angles(z)
    return np.concatenate(
        [
            _columns(e, *_PLAIN),
            np.eye(len(HAIR_STYLES))[_hair(z)],
            np.stack([(angles[name] - MIDDLE[name]) / HALF[name] for name in ANGLES], 1),
        ],
        axis=1,
    ).astype(np.float32)


_PLAIN = tuple(
    name for group, names in Z_GROUP_NAMES.items() for name in names
    if name not in ("hair_a", "hair_b", "hair_c") and (group != "pose" or name.startswith("head"))
)  # fmt: skip
FACTOR_NAMES = (*_PLAIN, *(f"style_{name}" for name in HAIR_STYLES), *ANGLES)


def _hair(z: Array) -> NDArray[np.int64]:
    """The number [N] of the hair style of each code."""
    s, e = normalised(z), uniform_axes(z)
    return choose_hair(_columns(s, "hair_a", "hair_b", "hair_c"), e[:, _INDEX["gender"]])


def scene_from_z(z: Array) -> Scene:
    """The scene of one code [Z]."""
    value = {name: float(x) for name, x in zip(Z_NAMES, uniform_axes(z), strict=True)}
    angles = {name: float(angle[0]) for name, angle in pose_angles(z[None]).items()}
    ancestry = _ancestry(value)
    darkness = min(1.0, max(0.0, float(ancestry @ (0.95, 0.36, 0.10)) + 0.14 * value["skin"]))
    style = list(HAIR_STYLES)[int(_hair(z[None])[0])]
    outfit = _outfit(value)
    light = _light(value, darkness)
    return Scene(
        _identity(value, ancestry, style),
        _materials(value, darkness, style),
        light,
        CAMERA,
        _expression(value),
        # the head looks where it did before the body turned, in part
        Pose(HEAD_YAW * value["head_yaw"] - 0.4 * angles["yaw"], HEAD_PITCH * value["head_pitch"]),
        body=body_pose(angles),
        outfit=outfit,
        floor=0.55,
    )


def _ancestry(v: dict[str, float]) -> Array:
    """Shares [3] of african, asian and caucasian: three corners of a plane."""
    place = np.array((v["ancestry_a"], v["ancestry_b"]))
    shares = np.exp(2.2 * np.array([(-0.9, -0.6), (0.9, -0.6), (0.0, 0.95)]) @ place)
    return np.asarray(shares / shares.sum())


def _identity(v: dict[str, float], ancestry: Array, style: str) -> Identity:
    """Whose figure it is."""
    hair = HAIR_STYLES[style]
    gender = 0.5 + 0.5 * math.tanh(2.4 * v["gender"]) / math.tanh(2.4)
    face = v["face"]
    return Identity(
        gender=gender,
        age=0.47 + (0.22 if v["age"] < 0 else 0.38) * v["age"],
        weight=0.46 + 0.27 * v["weight"],
        muscle=0.5 + 0.25 * v["muscle"],
        african=float(ancestry[0]),
        asian=float(ancestry[1]),
        caucasian=float(ancestry[2]),
        shapes=(
            ("head/head-oval", 0.45 - 0.35 * face),
            ("mouth/mouth-angles-up", 0.45),
            ("chin/chin-width-decr" if face < 0 else "chin/chin-width-incr", 0.5 * abs(face)),
            ("eyes/l-eye-scale-incr", 0.8),
            ("eyes/r-eye-scale-incr", 0.8),
        ),
        hair=hair.mesh,
        hair_end=-100.0 if hair.ends is None else 0.5 * sum(hair.ends),
        hair_window=hair.window,
    )


def _outfit(v: dict[str, float]) -> Outfit:
    """What they wear: half of the women who would wear shorts wear a skirt."""
    shorts = max(0.0, -v["legs"] - 0.1) / 0.9
    skirt = v["legs"] < -0.35 and v["gender"] < -0.15
    long = 0.5 + 0.5 * max(-1.0, min(1.0, 1.6 * v["sleeve"]))
    bottom = palettes.cloth_colour(0.5 + 0.5 * v["bottom_hue"], 0.5 + 0.5 * v["bottom_light"])
    bottom = 0.75 * bottom + 0.25 * bottom.mean()
    shoe = palettes.cloth_colour(0.08 + 0.4 * (0.5 + 0.5 * v["shoes"]), 0.5 + 0.5 * v["shoes"])
    return Outfit(
        sleeve=0.06 + 0.9 * long,
        hem=0.55 + 0.5 * v["hem"],
        trousers=-1.0 if skirt else -7.0 + 5.0 * shorts,
        skirt=-3.3 + 1.6 * v["hem"] if skirt else 100.0,
        loose=0.55 - 0.4 * v["hem"],
        bottom=palettes.linear(bottom),
        shoe=palettes.linear(0.35 * shoe + 0.65 * shoe.mean()),
        sole=palettes.linear(np.full(3, 0.75) if v["shoes"] < 0.5 else np.full(3, 0.4)),
    )


def _materials(v: dict[str, float], darkness: float, style: str) -> Materials:
    """Colours and painted details; faces are small, so their features are drawn strongly."""
    skin = palettes.skin_colour(darkness, 0.0)
    fair = max(0.0, 1 - 1.6 * darkness)
    grey = max(0.0, (v["age"] - 0.55) / 0.45) * 0.85
    hair = palettes.hair_colour((0.5 + 0.5 * v["hair_shade"]) * (0.12 + 0.88 * fair), 0.0, grey)
    top = palettes.cloth_colour(0.5 + 0.5 * v["top_hue"], 0.5 + 0.5 * v["top_light"])
    return Materials(
        skin=palettes.linear(skin),
        lips=palettes.linear(skin * np.array((0.86, 0.54, 0.54))),
        brows=palettes.linear(np.minimum(hair * 0.62, 0.42)),
        iris=palettes.iris_colour(0.6 * (0.2 + 0.8 * fair)),
        hair=palettes.linear(hair),
        cloth=palettes.linear(top),
        trim=palettes.linear(top + (0.28 if v["top_light"] < 0.2 else -0.24)),
        lids=palettes.linear(skin * np.array((0.72, 0.55, 0.54))),
        brow_thickness=0.85 + 0.14 * v["gender"],
        brow_arch=0.7,
        iris_radius=0.6,
        seed=5.2,
        scalp=0.85 if HAIR_STYLES[style].mesh is None else 0.0,
        curl=HAIR_STYLES[style].curl,
        neckline=int(np.digitize(v["pattern"], (-0.5,))) ^ 1,
        pattern=int(np.digitize(v["pattern"], (0.25, 0.65))),
    )


def _expression(v: dict[str, float]) -> Expression:
    """From calm to a broad smile, mouth closed or open."""
    smile, jaw = 0.5 + 0.5 * v["smile"], max(0.0, v["jaw"])
    units = {"jawOpen": 0.55 * jaw * jaw, "browInnerUp": 0.25 * jaw}
    for side in ("Left", "Right"):
        units |= {
            f"mouthSmile{side}": 0.15 + 0.9 * smile,
            f"cheekSquint{side}": 0.5 * smile,
            f"mouthUpperUp{side}": 0.3 * jaw * smile,
        }
    return Expression(tuple(units.items()))


def _light(v: dict[str, float], darkness: float) -> Light:
    """A mild key from a side over a plain backdrop; more fill for darker skin, so that it stays readable."""
    side, height = math.radians(-32 * v["light_side"]), math.radians(42)
    key: Vector = (math.sin(side) * math.cos(height), math.sin(height), math.cos(side) * math.cos(height))
    backdrop = palettes.cloth_colour(0.5 + 0.5 * v["backdrop_hue"], 0.46 + 0.20 * v["backdrop_light"])
    backdrop = 0.36 * backdrop + 0.64 * backdrop.mean()
    centre = np.array(palettes.linear(backdrop + 0.12))
    plain = Light()
    lift = 1 + 0.7 * darkness

    def scaled(colour: Vector, factor: float, tint: float = 0.0) -> Vector:
        mixed = np.array(colour) * factor + tint * centre
        return (float(mixed[0]), float(mixed[1]), float(mixed[2]))

    return Light(
        key=key,
        key_colour=scaled(plain.key_colour, 0.95 + 0.2 * darkness),
        fill=(-math.sin(side) * 0.8, 0.10, 0.83),
        fill_colour=scaled(plain.fill_colour, lift),
        rim=(-math.sin(side) * 0.9, 0.45, -0.70),
        rim_colour=scaled(plain.rim_colour, 0.8 + 0.4 * darkness),
        sky=scaled(plain.sky, 0.95 * lift, 0.06),
        ground=scaled(plain.ground, 0.95 * lift, 0.08),
        backdrop_centre=scaled(plain.sky, 0.0, 1.0),
        backdrop_edge=palettes.linear(backdrop - 0.06),
        floor=palettes.linear(backdrop + 0.03),
    )


_FACTOR_GROUPS = {
    group: tuple(name for name in names if name in _PLAIN) for group, names in Z_GROUP_NAMES.items()
}
_FACTOR_GROUPS["hair"] += tuple(f"style_{name}" for name in HAIR_STYLES)
_FACTOR_GROUPS["pose"] += ANGLES

_AT_EASE = dict.fromkeys(("arms_a", "arms_b", "arms_da", "arms_db", "stride_a", "stride_b", "crouch"), 0.0)
_CALM = {"smile": -0.5, "jaw": -0.5}

BODY = Domain(
    name="body",
    description="full figures of many people; free in identity, hair, clothes, light and pose",
    z_names=Z_NAMES,
    z_groups={group: tuple(_INDEX[name] for name in names) for group, names in Z_GROUP_NAMES.items()},
    aspect=(2, 1),
    scene=scene_from_z,
    factors=factors,
    factor_names=FACTOR_NAMES,
    groups=_FACTOR_GROUPS,
    figure="body",
    expressions={
        "at-ease": _AT_EASE | _CALM,
        "smiling": _AT_EASE | {"smile": 1.6, "jaw": -0.5},
        "laughing": _AT_EASE | {"smile": 1.6, "jaw": 2.0},
        "hands-on-hips": _AT_EASE | {"arms_a": -2.2, "arms_b": -0.5},
        "arms-open": _AT_EASE | {"arms_a": 2.2, "arms_b": -0.6},
        "waving": _AT_EASE | {"arms_a": -0.2, "arms_da": -2.4, "arms_b": 0.2, "arms_db": -0.6},
        "arms-up": _AT_EASE | {"arms_a": 0.9, "arms_b": 2.2},
        "walking": _AT_EASE | {"stride_a": 1.0, "arms_b": -1.8, "arms_da": -0.8},
        "lunging": _AT_EASE | {"stride_a": 1.9, "stride_b": 1.9},
        "crouching": _AT_EASE | {"stride_b": 2.0, "crouch": 1.2, "arms_a": -0.6, "arms_b": 0.6},
        "knee-up": _AT_EASE | {"stride_a": 1.9, "stride_b": -1.9},
    },
)
