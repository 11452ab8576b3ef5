"""The head family: many people, free in pose and expression, and the fixed map from a code z to a scene.

As for Mira, the scene is a function of the normalised code s = z / rms(z) and of e = erf(s / sqrt 2), in
-1..1. All but the choice of a hair mesh, of a neckline and of a pattern is continuous in z.

The bundled checkpoint was trained on this map: to change it is to make another family.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from previz.cast import _palettes as palettes
from previz.cast._domain import Domain, normalised, uniform_axes
from previz.cast._expressions import EXPRESSIONS, MOODS, UNITS, mixture, units_of
from previz.cast._scene import Camera, Expression, Gaze, Identity, Light, Materials, Pose, Scene, Vector

__all__ = ["HAIR_STYLES", "HEAD", "choose_hair", "neutral_code"]

Z_GROUP_NAMES = {
    "identity": (
        "gender", "age", "weight", "ancestry_a", "ancestry_b", "face_width", "jaw_width", "chin_height",
        "nose_length", "nose_width", "nose_profile", "lip_volume", "mouth_width", "eye_size", "eye_slant",
        "cheeks", "forehead",
    ),
    "hair": ("hair_a", "hair_b", "hair_c", "hair_shade", "hair_red", "hair_length"),
    "colour": (
        "skin", "iris", "brows", "lips", "complexion", "stubble", "cloth_hue", "cloth_light", "neckline",
        "pattern",
    ),
    "light": ("light_side", "light_height", "backdrop_hue", "backdrop_light"),
    "pose": ("yaw", "pitch", "roll"),
    "expression": (*(f"{high}_{low}" for high, low in MOODS), "intensity", "jaw", "blink", "lopsided"),
    "gaze": ("gaze_x", "gaze_y"),
}  # fmt: skip
Z_NAMES = tuple(name for names in Z_GROUP_NAMES.values() for name in names)
_INDEX = {name: index for index, name in enumerate(Z_NAMES)}
_MOOD_COLUMNS = [_INDEX[f"{high}_{low}"] for high, low in MOODS]
_HAIR_COLUMNS = [_INDEX[name] for name in ("hair_a", "hair_b", "hair_c")]

YAW, PITCH, ROLL = 26.0, 13.0, 8.0  # degrees at the ends
GAZE_X, GAZE_Y = 21.0, 11.0


@dataclass(frozen=True)
class HairStyle:
    """A hair mesh, how feminine it reads (-1..1), and how it is cut."""

    mesh: str | None  # None for cropped hair, painted on the scalp
    feminine: float
    ends: tuple[float, float] | None = None  # template heights (dm) between which it is cut off
    window: tuple[float, float] = (0.0, 0.0)  # see Identity.hair_window
    curl: float = 0.0


HAIR_STYLES: dict[str, HairStyle] = {
    "long": HairStyle("long01", 0.8, (4.6, 5.6)),
    "bob": HairStyle("long01", 0.9, (5.85, 6.4)),
    "side_bob": HairStyle("bob01", 0.9, window=(0.60, 0.80)),
    "fringe_bob": HairStyle("bob02", 0.9, window=(0.62, 0.78)),
    "braid": HairStyle("braid01", 1.0, window=(0.62, 0.74)),
    "ponytail": HairStyle("ponytail01", 0.6),
    "afro": HairStyle("afro01", 0.0, curl=1.0),
    "swept": HairStyle("short01", -0.8),
    "tousled": HairStyle("short02", -0.5),
    "side_parted": HairStyle("short03", -0.2, window=(0.62, 0.70)),
    "short": HairStyle("short04", -0.8),
    "cropped": HairStyle(None, -1.0),
}
_GOLDEN = (1 + 5**0.5) / 2
# Twelve even directions in space, one a style: the corners of an icosahedron.
_DIRECTIONS = np.array(
    [(0, s, t * _GOLDEN) for s in (1, -1) for t in (1, -1)]
    + [(s, t * _GOLDEN, 0) for s in (1, -1) for t in (1, -1)]
    + [(t * _GOLDEN, 0, s) for s in (1, -1) for t in (1, -1)]
) / math.hypot(1, _GOLDEN)
_FEMININE = np.array([style.feminine for style in HAIR_STYLES.values()])
_OFTEN = np.array([0.0, 0.0, -0.1, 0.0, -0.1, 0.0, -0.1, 0.0, 0.0, 0.0, 0.0, -0.1])


def _hair_choice(s: NDArray[np.float64], e: NDArray[np.float64]) -> NDArray[np.int64]:
    """The style [N] of each code."""
    return choose_hair(s[:, _HAIR_COLUMNS], e[:, _INDEX["gender"]])


def choose_hair(place: NDArray[np.float64], masculine: NDArray[np.float64]) -> NDArray[np.int64]:
    """The style [N] whose direction is nearest to `place` [N, 3], leaning to those of the gender."""
    scores = place @ _DIRECTIONS.T - 1.1 * masculine[:, None] * _FEMININE + _OFTEN
    return np.asarray(scores.argmax(axis=1), np.int64)


def _unit_amounts(
    s: NDArray[np.float64], e: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares [N, 13] of the named expressions and amounts [N, U] of the face units."""
    shares = mixture(s[:, _MOOD_COLUMNS])
    value = {name: e[:, _INDEX[name]] for name in ("intensity", "jaw", "blink", "lopsided")}
    units = units_of(shares) * (0.8 + 0.3 * value["intensity"])[:, None]
    jaw = 0.5 * _ramp(value["jaw"], 0.35, 1.0)
    columns = {unit: UNITS.index(unit) for unit in UNITS}
    room = np.clip(1 - units[:, columns["jawOpen"]] / 0.7, 0, 1)
    units[:, columns["jawOpen"]] += jaw * room
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        tilt = 1 + 0.35 * sign * value["lopsided"]
        for name in ("mouthSmile", "mouthFrown", "browOuterUp"):
            units[:, columns[name + side]] *= tilt
        closed = _ramp(value["blink"], 0.35, 0.85)
        lid = columns["eyeBlink" + side]
        units[:, lid] = units[:, lid] * (1 - closed) + closed
        for name in ("eyeSquint", "eyeWide"):
            units[:, columns[name + side]] *= 1 - closed
        # an open mouth shows more of the upper teeth when it smiles
        units[:, columns["mouthUpperUp" + side]] += 0.15 * jaw * units[:, columns["mouthSmile" + side]]
    return shares, units


def _ramp(value: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """0 up to `start`, 1 from `end` on, with a level slope at both."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float64)


def _ancestry(e: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares [N, 3] of african, asian and caucasian: three corners of a plane."""
    place = e[:, [_INDEX["ancestry_a"], _INDEX["ancestry_b"]]]
    corners = np.array([(-0.9, -0.6), (0.9, -0.6), (0.0, 0.95)])
    logits = 2.2 * place @ corners.T
    shares = np.exp(logits)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)


def _darkness(e: NDArray[np.float64]) -> NDArray[np.float64]:
    """Skin from light (0) to dark (1), [N]."""
    share = _ancestry(e) @ np.array([0.95, 0.36, 0.10])
    return np.asarray(np.clip(share + 0.14 * e[:, _INDEX["skin"]], 0, 1), np.float64)


def factors(z: NDArray[np.float64]) -> NDArray[np.float32]:
    """What scenes are made of, [N, P], in the order of FACTOR_NAMES."""
    s, e = normalised(z), uniform_axes(z)
    shares, units = _unit_amounts(s, e)
    plain = e[:, [_INDEX[name] for name in _PLAIN]]
    styles = np.eye(len(HAIR_STYLES))[_hair_choice(s, e)]
    shown = units[:, [UNITS.index(unit) for unit in _SHOWN_UNITS]]
    return np.concatenate([plain, _darkness(e)[:, None] * 2 - 1, styles, shares, shown], axis=1).astype(
        np.float32
    )


_PLAIN = tuple(
    name for group, names in Z_GROUP_NAMES.items() for name in names
    if group != "expression" and name not in ("hair_a", "hair_b", "hair_c")
)  # fmt: skip
_SHOWN_UNITS = (
    "jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthPucker",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeWideLeft", "browInnerUp", "browOuterUpLeft", "browDownLeft",
    "noseSneerLeft",
)  # fmt: skip
FACTOR_NAMES = (
    *_PLAIN, "darkness", *(f"style_{name}" for name in HAIR_STYLES), *EXPRESSIONS, *_SHOWN_UNITS
)  # fmt: skip


def scene_from_z(z: NDArray[np.float64]) -> Scene:
    """The scene of one code [Z]."""
    s, e = normalised(z[None]), uniform_axes(z[None])
    value = {name: float(e[0, index]) for name, index in _INDEX.items()}
    style = list(HAIR_STYLES)[int(_hair_choice(s, e)[0])]
    _, units = _unit_amounts(s, e)
    darkness = float(_darkness(e)[0])
    ancestry = _ancestry(e)[0]
    return Scene(
        _identity(value, ancestry, style),
        _materials(value, darkness, style, ancestry),
        _light(value, darkness),
        Camera(half_height=0.64, aim=0.41),
        Expression(tuple((unit, float(a)) for unit, a in zip(UNITS, units[0], strict=True) if abs(a) > 1e-4)),
        Pose(YAW * value["yaw"], PITCH * value["pitch"], ROLL * value["roll"]),
        Gaze(GAZE_X * value["gaze_x"], GAZE_Y * value["gaze_y"]),
    )


def neutral_code() -> NDArray[np.float64]:
    """The code of the middle of everything: an average face, looking ahead."""
    return np.zeros(len(Z_NAMES))


def _axis(name: str, amount: float, low: str, high: str) -> tuple[tuple[str, float], ...]:
    """A pair of opposite shapes as one axis: "nose/nose-scale-vert" with -decr and -incr; {} is a side."""
    if not amount:
        return ()
    names = [name.format(side) for side in ("l", "r")] if "{}" in name else [name]
    return tuple((f"{each}-{high if amount > 0 else low}", abs(amount)) for each in names)


def _identity(v: dict[str, float], ancestry: NDArray[np.float64], style: str) -> Identity:
    """Whose head it is."""
    hair = HAIR_STYLES[style]
    end = -100.0
    if hair.ends is not None:
        end = hair.ends[0] + (hair.ends[1] - hair.ends[0]) * (0.5 + 0.5 * v["hair_length"])
    gender = 0.5 + 0.5 * math.tanh(2.4 * v["gender"]) / math.tanh(2.4)
    shapes = (
        ("head/head-oval", 0.45 - 0.25 * v["face_width"]),
        ("mouth/mouth-angles-up", 0.35),
        *_axis("eyes/{}-eye-scale", 0.68 + 0.32 * v["eye_size"], "decr", "incr"),
        *_axis("eyes/{}-eye-height2", 0.15, "decr", "incr"),
        *_axis("head/head-scale-horiz", 0.35 * v["face_width"], "decr", "incr"),
        *_axis("chin/chin-width", 0.55 * v["jaw_width"] - 0.1, "decr", "incr"),
        *_axis("chin/chin-bones", 0.4 * v["jaw_width"], "decr", "incr"),
        *_axis("chin/chin-height", 0.5 * v["chin_height"], "decr", "incr"),
        *_axis("nose/nose-scale-vert", 0.5 * v["nose_length"] - 0.1, "decr", "incr"),
        *_axis("nose/nose-scale-horiz", 0.45 * v["nose_width"] - 0.1, "decr", "incr"),
        *_axis("nose/nose-hump", 0.55 * v["nose_profile"], "decr", "incr"),
        *_axis("nose/nose-point", 0.15 - 0.4 * v["nose_profile"], "down", "up"),
        *_axis("mouth/mouth-upperlip-volume", 0.2 + 0.45 * v["lip_volume"], "decr", "incr"),
        *_axis("mouth/mouth-lowerlip-volume", 0.05 + 0.4 * v["lip_volume"], "decr", "incr"),
        *_axis("mouth/mouth-scale-horiz", 0.4 * v["mouth_width"], "decr", "incr"),
        *_axis("eyes/{}-eye-corner2", 0.5 * v["eye_slant"] + 0.1, "down", "up"),
        *_axis("cheek/{}-cheek-bones", 0.2 + 0.4 * v["cheeks"], "decr", "incr"),
        *_axis("cheek/{}-cheek-volume", 0.35 * v["cheeks"], "decr", "incr"),
        *_axis("forehead/forehead-scale-vert", 0.35 * v["forehead"], "decr", "incr"),
    )
    return Identity(
        gender=gender,
        age=0.46 + (0.20 if v["age"] < 0 else 0.42) * v["age"],
        weight=0.45 + 0.25 * v["weight"],
        muscle=0.45 + 0.1 * v["jaw_width"],
        african=float(ancestry[0]),
        asian=float(ancestry[1]),
        caucasian=float(ancestry[2]),
        shapes=shapes,
        hair=hair.mesh,
        hair_end=end,
        hair_window=hair.window,
    )


def _materials(v: dict[str, float], darkness: float, style: str, ancestry: NDArray[np.float64]) -> Materials:
    """Colours and painted details."""
    skin = palettes.skin_colour(darkness, v["complexion"])
    fair = max(0.0, 1 - 1.6 * darkness)
    light = (0.5 + 0.5 * v["hair_shade"]) * (0.12 + 0.88 * fair)
    grey = max(0.0, (v["age"] - 0.55) / 0.45) * 0.85
    hair = palettes.hair_colour(light, max(0.0, (v["hair_red"] - 0.35) / 0.65) * fair, grey)
    feminine = 0.5 - 0.5 * v["gender"]
    natural = skin * np.array((0.88, 0.60, 0.60))
    painted = np.array((0.72, 0.28, 0.29)) * (1.05 - 0.35 * darkness)
    lips = natural + max(0.0, v["lips"]) * feminine * 0.75 * (painted - natural)
    iris = (0.5 + 0.5 * v["iris"]) * (0.2 + 0.8 * fair)
    cloth = palettes.cloth_colour(0.5 + 0.5 * v["cloth_hue"], 0.5 + 0.5 * v["cloth_light"])
    stubble = max(0.0, (v["stubble"] + 0.1) / 1.1) * min(1.0, max(0.0, v["gender"] - 0.1) / 0.5)
    brow = np.minimum(hair * 0.62, 0.42)
    return Materials(
        skin=palettes.linear(skin),
        lips=palettes.linear(lips),
        brows=palettes.linear(brow),
        iris=palettes.iris_colour(iris),
        hair=palettes.linear(hair),
        cloth=palettes.linear(cloth),
        trim=palettes.linear(cloth + (0.30 if v["cloth_light"] < 0.2 else -0.25)),
        lids=palettes.linear(skin * np.array((0.72, 0.55, 0.54))),
        blush=0.42 + 0.3 * v["complexion"],
        brow_thickness=0.72 + 0.2 * v["brows"] + 0.14 * v["gender"],
        brow_arch=0.68 - 0.22 * v["gender"],
        iris_radius=0.54,
        seed=5.2,
        freckles=max(0.0, (v["complexion"] - 0.3) / 0.7) * fair,
        stubble=stubble,
        scalp=0.85 if HAIR_STYLES[style].mesh is None else 0.0,
        curl=HAIR_STYLES[style].curl,
        neckline=int(np.digitize(v["neckline"], (-0.4, 0.1, 0.55))),
        pattern=int(np.digitize(v["pattern"], (0.2, 0.6))),
    )


def _light(v: dict[str, float], darkness: float) -> Light:
    """A portrait's light: a soft key from a side; more fill for darker skin, so that it stays readable."""
    side, height = math.radians(-42 * v["light_side"]), math.radians(33 + 13 * v["light_height"])
    key: Vector = (math.sin(side) * math.cos(height), math.sin(height), math.cos(side) * math.cos(height))
    lift = 1 + 0.75 * darkness
    backdrop = palettes.cloth_colour(0.5 + 0.5 * v["backdrop_hue"], 0.30 + 0.24 * v["backdrop_light"])
    backdrop = 0.42 * backdrop + 0.58 * backdrop.mean()
    centre = np.array(palettes.linear(backdrop + 0.16))
    edge = np.array(palettes.linear(backdrop - 0.10))

    def scaled(colour: Vector, factor: float, tint: float = 0.0) -> Vector:
        mixed = np.array(colour) * factor + tint * centre
        return (float(mixed[0]), float(mixed[1]), float(mixed[2]))

    plain = Light()
    return Light(
        key=key,
        key_colour=scaled(plain.key_colour, 0.93 + 0.22 * darkness),
        fill=(-math.sin(side) * 0.8, 0.10, 0.83),
        fill_colour=scaled(plain.fill_colour, lift),
        rim=(-math.sin(side) * 0.9, 0.45, -0.70),
        rim_colour=scaled(plain.rim_colour, 1 + 0.5 * darkness),
        sky=scaled(plain.sky, 0.9 * lift, 0.06),
        ground=scaled(plain.ground, 0.9 * lift, 0.06),
        backdrop_centre=scaled((0.0, 0.0, 0.0), 0.0, 1.0),
        backdrop_edge=(float(edge[0]), float(edge[1]), float(edge[2])),
    )


_FACTOR_GROUPS = {
    group: tuple(name for name in names if name in _PLAIN)
    for group, names in Z_GROUP_NAMES.items()
    if group != "expression"
}  # fmt: skip
_FACTOR_GROUPS["colour"] += ("darkness",)
_FACTOR_GROUPS["hair"] += tuple(f"style_{name}" for name in HAIR_STYLES)
_FACTOR_GROUPS["expression"] = (*EXPRESSIONS, *_SHOWN_UNITS)

_CALM = {f"{high}_{low}": 0.0 for high, low in MOODS} | {
    "intensity": 0.4, "jaw": -1.0, "blink": -1.0, "lopsided": 0.0,
}  # fmt: skip
_STRONG = 2.0

HEAD = Domain(
    name="head",
    description="head and shoulders of many people; free in identity, hair, light, pose, expression and gaze",
    z_names=Z_NAMES,
    z_groups={group: tuple(_INDEX[name] for name in names) for group, names in Z_GROUP_NAMES.items()},
    aspect=(1, 1),
    scene=scene_from_z,
    factors=factors,
    factor_names=FACTOR_NAMES,
    groups=_FACTOR_GROUPS,
    expressions={"neutral": _CALM}
    | {high: _CALM | {f"{high}_{low}": _STRONG} for high, low in MOODS}
    | {low: _CALM | {f"{high}_{low}": -_STRONG} for high, low in MOODS}
    | {"blink": _CALM | {"blink": 1.6}, "yawn": _CALM | {"jaw": 2.2, "blink": 1.0}},
)
