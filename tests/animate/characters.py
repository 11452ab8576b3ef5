"""Small generators and timelines, the same in every process that asks for them."""

from typing import ClassVar

import torch
from torch import Tensor

from previz.generator import Generator, GeneratorConfig
from previz.timeline import Timeline, parse_timeline
from tests.drag.moving_texture import MovingTexture

JAW = {1001: {"by": [0, 0]}, 1003: {"by": [0, 3]}, 1006: {"by": [2, 0]}}


def make_generator(seed: int = 0, **config: object) -> Generator:
    """A StyleGAN2 of 32 px with random weights."""
    torch.manual_seed(seed)
    shape = {"resolution": 32, "z_dim": 16, "w_dim": 16, "channels": (256, 16), "mapping_layers": 2}
    return Generator(GeneratorConfig(**{**shape, **config})).eval().requires_grad_(False)


class TextureCharacter(MovingTexture):
    """A generator whose motion is known, with all that a solve asks of one."""

    c_dim = 0
    digest = "a moving texture"
    card: ClassVar[dict[str, object]] = {}

    def sample_w(self, seed, truncation=1.0, truncation_cutoff=None, c=None) -> Tensor:
        return self.start()[None]


def make_timeline(**fields: object) -> Timeline:
    """Six frames of a moved and a pinned handle, for a picture of 32 px; `fields` replace whole fields."""
    timeline = {
        "previz": 1,
        "shot": "sq010_sh020",
        "frames": "1001-1006",
        "character": {"checkpoint": "tiny", "seed": 3, "truncation": 1.0},
        "handles": {"jaw": {"at": [12, 16], "keys": JAW}, "nose": {"at": [22, 16], "pin": True}},
        "solver": {"learning_rate": 0.02, "max_iterations": 8, "tolerance": 0.25},
    }
    return parse_timeline({**timeline, **fields})


def texture_timeline(**fields: object) -> Timeline:
    """Nine frames in which both handles go 8 px aside and come back, for the moving texture of 64 px."""
    keys = {1001: {"by": [0, 0]}, 1005: {"by": [8, 3]}, 1009: {"by": [0, 0]}}
    handles = {"left": {"at": [24, 30], "keys": keys}, "right": {"at": [40, 30], "keys": keys}}
    solver = {"learning_rate": 0.01, "tolerance": 0.3, **fields.pop("solver", {})}
    return make_timeline(frames="1001-1009", handles=handles, solver=solver, **fields)
