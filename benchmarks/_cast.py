"""What the suites on a bundled character share: generator, judging network, pairs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from benchmarks._suite import Options
from previz import find_checkpoint, load_generator, to_uint8
from previz.cast import Domain, EvalPair, Judge, bundled_judge, load_pairs
from previz.cast._drag_measures import HANDLES as DRAGGED
from previz.cast._factors import domain_of_card
from previz.cast._judge import stage_distance
from previz.drag import DragSettings, IKSettings
from previz.errors import CastError, SolveError
from previz.generator import Generator

__all__ = [
    "FIVE",
    "FRONT",
    "Ground",
    "image_distance",
    "load_ground",
    "parse_solver",
    "solver_name",
    "thumbnail",
]

HERE = Path(__file__).parent
# By the figure that a domain is of: five landmarks to drag, and all that are handles together.
FIVE = {
    "head": ("eye_out_L", "eye_out_R", "nose_tip", "mouth_corner_L", "mouth_corner_R"),
    "body": ("head_top", "knee_L", "knee_R", "toe_L", "toe_R"),  # wrists are hidden in half of the pairs
}
FRONT = {
    "head": (
        *("pupil_L", "lid_up_L", "lid_low_L", "eye_in_L", "eye_out_L"),
        *("brow_in_L", "brow_mid_L", "brow_out_L"),
        *("pupil_R", "lid_up_R", "lid_low_R", "eye_in_R", "eye_out_R"),
        *("brow_in_R", "brow_mid_R", "brow_out_R"),
        *("ala_L", "ala_R", "mouth_corner_L", "mouth_corner_R", "lip_up_L", "lip_up_R"),
        *("lip_low_L", "lip_low_R", "lip_up_out", "lip_low_out"),
        *("nose_tip", "nose_bridge", "nose_mid", "nose_base", "glabella", "chin"),
    ),
    "body": DRAGGED["body"],
}
"""Of heads, the landmarks on the front of the face."""


@dataclass(frozen=True)
class Ground:
    """What all cases on a character share.

    Attributes:
        generator: the character.
        checkpoint: her file.
        domain: the family of pictures, which knows scene and code.
        judge: the landmark network.
        names: of the pairs' landmarks.
        pairs: of one person in two performances, the first asked for first.
    """

    generator: Generator
    checkpoint: Path
    domain: Domain
    judge: Judge
    names: tuple[str, ...]
    pairs: tuple[EvalPair, ...]

    @property
    def size(self) -> Tensor:
        """[2] width and height of the picture, px."""
        return torch.tensor([self.generator.width, self.generator.height], dtype=torch.float32)

    def codes(self, pair: EvalPair) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The codes z [Z] of source and target."""
        return pair.codes(self.domain)

    def latents(self, *codes: NDArray[np.float64]) -> Tensor:
        """w [N, num_ws, w_dim] of codes."""
        z = torch.from_numpy(np.stack(codes)).to(self.generator.device)
        with torch.no_grad():
            return cast("Tensor", self.generator.mapping(z))

    def picture(self, w: Tensor) -> Tensor:
        """The picture [1, 3, H, W] of w [num_ws, w_dim]."""
        with torch.no_grad():
            return cast("Tensor", self.generator.synthesis(w[None]))

    def landmarks(self, pictures: Tensor) -> Tensor:
        """[N, K, 2] px: where the network finds the pairs' landmarks in pictures [N, 3, H, W]."""
        order = [self.judge.config.landmarks.index(name) for name in self.names]
        with torch.no_grad():
            return self.judge.landmarks(pictures.clamp(-1, 1))[0][:, order]


def load_ground(options: Options) -> Ground:
    """Load what a character is measured with; the same again for the same character and device."""
    return _load(options.character, options.device)


@lru_cache(maxsize=1)
def _load(character: str, device: str) -> Ground:
    """Raises CastError for a character that is none of the cast, or has no network or pairs."""
    checkpoint = find_checkpoint(character)
    generator = load_generator(checkpoint, device)
    domain = domain_of_card(generator.card)
    judge = bundled_judge(generator)
    if domain is None or judge is None:
        raise CastError(
            f"{character}: only characters of the cast can be measured, whose landmarks a network knows; "
            "try --character mira"
        )
    path = HERE / f"pairs_{domain.name}.json"
    if not path.is_file():
        raise CastError(
            f"{character}: there are no pairs of {domain.name}; benchmarks/cast_pairs.py makes them"
        )
    pairs = load_pairs(path)
    same = tuple(pair for pair in pairs.pairs if pair.kind == "same")
    return Ground(generator, checkpoint, domain, judge.to(device), pairs.landmarks, same)


def image_distance(judge: Judge, a: Tensor, b: Tensor) -> float:
    """The perceptual distance of two pictures [1, 3, H, W] by the network's features."""
    with torch.no_grad():
        return float(stage_distance(judge.stages(a.clamp(-1, 1)), judge.stages(b.clamp(-1, 1))))


def solver_name(text: str) -> str:
    """A solver as tables call it: the method, and what is set otherwise than by default."""
    method, *changes = text.split(":")
    return method + (
        f" ({', '.join(change.replace('_', ' ').replace('=', ' ') for change in changes)})" if changes else ""
    )


def parse_solver(text: str) -> DragSettings:
    """`ik:metric=identity:ik.pull=0.1` as settings.

    Raises SolveError for a setting that there is not, or a value that is none of its.
    """
    method, *changes = text.split(":")
    plain: dict[str, Any] = {"method": method}
    own: dict[str, Any] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise SolveError(f'solver "{text}": "{change}" is not name=value')
        inner = name.startswith("ik.")
        known = IKSettings() if inner else DragSettings()
        if not hasattr(known, name.removeprefix("ik.")) or name in ("ik", "method"):
            raise SolveError(f'solver "{text}": there is no setting {name}')
        (own if inner else plain)[name.removeprefix("ik.")] = yaml.safe_load(value)
    try:
        return replace(DragSettings(), **plain, ik=replace(IKSettings(), **own))
    except TypeError as error:
        raise SolveError(f'solver "{text}": {error}') from None


def thumbnail(
    picture: Tensor,  # [1, 3, H, W]
    handles: Tensor | None = None,  # [N, 2] px
    targets: Tensor | None = None,  # [N, 2] px
    side: int = 224,
) -> str:
    """A JPEG in base64, `side` px wide; handles as red dots, targets as blue rings, a line between."""
    image = Image.fromarray(to_uint8(picture)[0].cpu().numpy())
    scale = side / image.width
    image = image.resize((side, round(image.height * scale)), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(image)
    marks = [None if points is None else (points * scale).tolist() for points in (handles, targets)]
    if marks[0] is not None and marks[1] is not None:
        for (x, y), (u, v) in zip(marks[0], marks[1], strict=True):
            draw.line((x, y, u, v), fill=(255, 255, 255), width=1)
    for x, y in marks[1] or ():
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), outline=(40, 120, 255), width=2)
    for x, y in marks[0] or ():
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=(235, 40, 45))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=85)
    return base64.b64encode(data.getvalue()).decode("ascii")
