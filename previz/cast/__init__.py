"""The bundled characters: how they are rendered, trained and measured.

Assets go into a pack (`build_pack`), a code z into a `Scene` (`scene_from_z`), a scene into a picture with
exact landmarks (`Renderer`), many of them into a dataset (`render_shard`), and a dataset into a checkpoint
(`train_in_processes`, `export_run`).
"""

from previz.cast._adversarial_run import AdversarialEvent
from previz.cast._adversarial_settings import AdversarialSettings, photograph_settings
from previz.cast._adversarial_workers import AdversarialRun, train_adversarially
from previz.cast._body_landmarks import BODY_LANDMARKS
from previz.cast._build import build_pack
from previz.cast._character import MIRA, Z_DIM, Z_NAMES, scene_from_axes, scene_from_z
from previz.cast._dataset import (
    HELD_OUT,
    DatasetSettings,
    Shard,
    create_dataset,
    render_shard,
    rendered_indices,
)
from previz.cast._domain import Domain, random_z
from previz.cast._domains import DOMAINS, find_domain
from previz.cast._drag_measures import measure_drag
from previz.cast._eval_pairs import EvalPair, EvalPairs, load_pairs, make_pairs
from previz.cast._export import Comparison, compare, comparison_pictures, export_run
from previz.cast._export_images import export_images_run
from previz.cast._factors import scene_directions
from previz.cast._frechet import frechet_distance
from previz.cast._images import ImageSettings, prepare_images
from previz.cast._judge import Judge, load_judge, save_judge
from previz.cast._judge_data import Labelled, open_labelled
from previz.cast._judge_train import JudgeEvent, JudgeSettings, train_judge
from previz.cast._landmarks import LANDMARKS
from previz.cast._measures import measure, measure_cost
from previz.cast._pack import Pack, load_pack, save_pack
from previz.cast._pairs import Pairs, open_pairs
from previz.cast._points import NamedPoint, bundled_judge, landmarks_of
from previz.cast._renderer import Renderer
from previz.cast._scene import (
    Arm,
    BodyPose,
    Camera,
    Expression,
    Gaze,
    Identity,
    Leg,
    Light,
    Materials,
    Outfit,
    Pose,
    Scene,
)
from previz.cast._sheets import Sheet, expression_sheet, seed_sheet, sheet_domain, strip_sheet
from previz.cast._train import TrainEvent, TrainSettings, settings_for
from previz.cast._workers import train_in_processes

__all__ = [
    "BODY_LANDMARKS",
    "DOMAINS",
    "HELD_OUT",
    "LANDMARKS",
    "MIRA",
    "Z_DIM",
    "Z_NAMES",
    "AdversarialEvent",
    "AdversarialRun",
    "AdversarialSettings",
    "Arm",
    "BodyPose",
    "Camera",
    "Comparison",
    "DatasetSettings",
    "Domain",
    "EvalPair",
    "EvalPairs",
    "Expression",
    "Gaze",
    "Identity",
    "ImageSettings",
    "Judge",
    "JudgeEvent",
    "JudgeSettings",
    "Labelled",
    "Leg",
    "Light",
    "Materials",
    "NamedPoint",
    "Outfit",
    "Pack",
    "Pairs",
    "Pose",
    "Renderer",
    "Scene",
    "Shard",
    "Sheet",
    "TrainEvent",
    "TrainSettings",
    "build_pack",
    "bundled_judge",
    "compare",
    "comparison_pictures",
    "create_dataset",
    "export_images_run",
    "export_run",
    "expression_sheet",
    "find_domain",
    "frechet_distance",
    "landmarks_of",
    "load_judge",
    "load_pack",
    "load_pairs",
    "make_pairs",
    "measure",
    "measure_cost",
    "measure_drag",
    "open_labelled",
    "open_pairs",
    "photograph_settings",
    "prepare_images",
    "random_z",
    "render_shard",
    "rendered_indices",
    "save_judge",
    "save_pack",
    "scene_directions",
    "scene_from_axes",
    "scene_from_z",
    "seed_sheet",
    "settings_for",
    "sheet_domain",
    "strip_sheet",
    "train_adversarially",
    "train_in_processes",
    "train_judge",
]
