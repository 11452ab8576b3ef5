"""What the renderer draws: one frozen value that says everything about a picture.

Colours are linear RGB; directions are unit vectors in model space (x the character's left, y up, z forward);
angles are degrees; lengths are decimetres.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "Arm",
    "BodyPose",
    "Camera",
    "Expression",
    "Gaze",
    "Identity",
    "Leg",
    "Light",
    "Materials",
    "Outfit",
    "Pose",
    "Scene",
    "Vector",
]

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
    # half width and half height (dm) of the oval before the face in which hair is cut away; zeros for none
    hair_window: tuple[float, float] = (0.0, 0.0)


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
    freckles: float = 0.0  # 0..1
    stubble: float = 0.0  # 0..1, in the colour of the brows
    scalp: float = 0.0  # 0..1: hair painted on the scalp, cropped
    neckline: int = 0  # 0 round, 1 V, 2 turtleneck, 3 wide
    curl: float = 0.0  # 0 strands .. 1 curls, of the hair's texture
    pattern: int = 0  # of the cloth: 0 plain, 1 stripes, 2 a yoke in the colour of the trim


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
    floor: Vector = (0.20, 0.22, 0.22)  # of full figures, over the backdrop


@dataclass(frozen=True)
class Camera:
    """A long lens aimed at the neutral head, so that it does not zoom when the jaw opens.

    It shows `2 * half_height` head heights (chin to crown), its centre `aim` of them over the chin.
    """

    half_height: float = 0.66
    aim: float = 0.42
    elevation: float = 2.0  # degrees above the horizon
    field_of_view: float = 18.0  # degrees, vertical
    whole_figure: bool = False  # heights from sole to crown instead, its centre `aim` of them over the sole


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
class Arm:
    """One arm, in degrees from hanging straight down, palm to the thigh; signs are alike on both sides."""

    raised: float = 10.0  # sideways: 90 level, 180 overhead
    forward: float = 0.0  # then swung to the front
    inward: float = 0.0  # upper arm turned about itself: brings a bent forearm before the body
    elbow: float = 12.0  # 0 straight
    palm: float = 0.0  # forearm turned about itself: > 0 turns the palm to the back
    wrist: float = 0.0  # > 0 bends the hand to its palm
    curl: float = 25.0  # of each finger joint


@dataclass(frozen=True)
class Leg:
    """One leg, in degrees from standing straight; signs are alike on both sides."""

    forward: float = 0.0  # of the thigh
    outward: float = 3.0  # spread
    turned: float = 6.0  # knee and toes to the outside
    knee: float = 0.0
    heel: float = 0.0  # the sole against the floor: > 0 lifts the heel


@dataclass(frozen=True)
class BodyPose:
    """Pose of a full figure under its head, in degrees; signs as in `Pose`. It stands on its lower foot."""

    yaw: float = 0.0  # of the whole figure
    sway: float = 0.0  # the left hip up; legs and spine make up for it
    twist: float = 0.0  # of the spine to the left
    bend: float = 0.0  # of the spine, to the left
    lean: float = 0.0  # of the spine, to the front
    left: Arm = field(default_factory=Arm)
    right: Arm = field(default_factory=Arm)
    left_leg: Leg = field(default_factory=Leg)
    right_leg: Leg = field(default_factory=Leg)


@dataclass(frozen=True)
class Outfit:
    """Clothes of a full figure, cut on the template; Materials has the top's colour, neckline and pattern."""

    sleeve: float = 0.45  # 0 none, 0.5 to the elbow, 1 to the wrist
    hem: float = 0.7  # template height (dm) of the top's lower edge: 1.3 the waist, 0 the hips
    trousers: float = -7.0  # template height of their lower edge: -3.7 the knee, -7.0 the ankle
    skirt: float = 100.0  # template height of its lower edge; over 2 for none
    shoes: float = -7.35  # template height of their upper edge
    loose: float = 0.5  # 0 close .. 1 wide
    bottom: Vector = (0.03, 0.05, 0.12)
    shoe: Vector = (0.05, 0.04, 0.04)
    sole: Vector = (0.60, 0.58, 0.55)


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
    body: BodyPose = field(default_factory=BodyPose)  # of full figures alone, as is the outfit
    outfit: Outfit = field(default_factory=Outfit)
    floor: float = 0.0  # of full figures: 0 none .. 1, how much the floor differs from the backdrop
