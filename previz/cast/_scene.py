"""What the renderer draws: one frozen value that says everything about a picture.

Colours are linear RGB; directions are unit vectors in model space (x the character's left, y up, z forward);
angles are degrees; lengths are decimetres.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Camera", "Expression", "Gaze", "Identity", "Light", "Materials", "Pose", "Scene", "Vector"]

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Identity:
    """Whose head it is: MakeHuman's macro axes, local shape targets and a hair mesh.

    gender 0 female to 1 male; age 0 child, 0.5 young, 1 old; weight and muscle 0..1; the three ancestries are
    weights that are normalised to 1.
    """

    gender: float = 0.5
    age: float = 0.5
    weight: float = 0.5
    muscle: float = 0.5
    african: float = 1.0
    asian: float = 1.0
    caucasian: float = 1.0
    shapes: tuple[tuple[str, float], ...] = ()  # ("head/head-oval", 0.5) ...
    hair: str | None = None
    hair_end: float = -100.0  # template height (dm) below which the hair is cut off


@dataclass(frozen=True)
class Materials:
    """Colours and the procedural details of skin, brows and eyes."""

    skin: Vector = (0.74, 0.40, 0.26)
    lips: Vector = (0.55, 0.15, 0.13)
    brows: Vector = (0.06, 0.03, 0.015)
    iris: Vector = (0.07, 0.22, 0.42)
    hair: Vector = (0.10, 0.05, 0.03)
    cloth: Vector = (0.02, 0.04, 0.12)
    trim: Vector = (0.70, 0.61, 0.49)
    lids: Vector = (0.30, 0.12, 0.10)
    blush: float = 0.5  # 0..1
    brow_thickness: float = 0.8  # 1 is strong
    brow_arch: float = 0.7  # 0 flat .. 1 arched
    iris_radius: float = 0.55  # radians on the eyeball
    seed: float = 0.0  # of the procedural noise


@dataclass(frozen=True)
class Light:
    """A shadowed key, a fill, a rim light, and the sky and ground that fill shadows; and the backdrop."""

    key: Vector = (-0.42, 0.50, 0.76)
    key_colour: Vector = (0.92, 0.90, 0.86)
    fill: Vector = (0.55, 0.10, 0.83)
    fill_colour: Vector = (0.24, 0.25, 0.27)
    rim: Vector = (0.55, 0.45, -0.70)
    rim_colour: Vector = (0.80, 0.80, 0.86)
    sky: Vector = (0.28, 0.30, 0.32)
    ground: Vector = (0.15, 0.13, 0.12)
    backdrop_centre: Vector = (0.30, 0.40, 0.42)
    backdrop_edge: Vector = (0.10, 0.15, 0.17)


@dataclass(frozen=True)
class Camera:
    """A long lens aimed at the neutral head, so that it does not zoom when the jaw opens.

    It shows `2 * half_height` head heights (chin to crown), its centre `aim` of them over the chin.
    """

    half_height: float = 0.66
    aim: float = 0.42
    elevation: float = 2.0  # degrees above the horizon
    field_of_view: float = 18.0  # degrees, vertical


@dataclass(frozen=True)
class Expression:
    """Amounts of the ARKit-named face units ("jawOpen", "mouthSmileLeft" ...), 0 unless named."""

    units: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Pose:
    """Turn of the head: yaw > 0 to the character's left, pitch > 0 down, roll > 0 tips to the left."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True)
class Gaze:
    """Turn of the eyeballs: x > 0 to the character's left, y > 0 up."""

    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Scene:
    """One picture."""

    identity: Identity = field(default_factory=Identity)
    materials: Materials = field(default_factory=Materials)
    light: Light = field(default_factory=Light)
    camera: Camera = field(default_factory=Camera)
    expression: Expression = field(default_factory=Expression)
    pose: Pose = field(default_factory=Pose)
    gaze: Gaze = field(default_factory=Gaze)
