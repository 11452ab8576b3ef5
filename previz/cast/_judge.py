"""The judge: a small network, trained on renders, that says what it sees in a picture of the cast.

It finds the landmarks and whether they are seen, names the factors of the scene (identity, hair, colour,
light, pose, expression, gaze), and gives the features of FID-like and LPIPS-like distances. Pose,
expression and gaze are read off the landmarks too; who it is, in which hair, colours and light, is not,
so that a drag that moves landmarks doesn't make another person of them by that alone. As every render
knows its own landmarks and factors, its errors on held-out renders are known too: they travel in its
file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from previz.errors import CastError
from previz.files import check_output, output_file

__all__ = ["Judge", "JudgeConfig", "Sight", "load_judge", "pooled", "save_judge", "stage_distance"]

FORMAT = 2
STRIDE = 4  # px of the picture a heatmap cell
DEEPEST = 32  # px of the picture a cell of the last stage
LOCAL = 16  # channels read at each landmark
COARSE = 24  # channels read in each cell of a grid over the last stage
HIDDEN = 160
PERFORMANCE = ("pose", "expression", "gaze")  # the groups that may be read off the landmarks
POOLED = (0, 2)  # the stages whose averages make the feature vector: texture, and parts of a face
_SMALL = 4096  # values; below it, half precision saves nothing worth having


@dataclass(frozen=True)
class JudgeConfig:
    """What a judge was made for: its domain, the size of its pictures, what it names, its widths."""

    domain: str
    height: int
    width: int
    landmarks: tuple[str, ...]
    factors: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]  # group -> names of factors
    stem: int = 24
    stages: tuple[int, ...] = (56, 96, 128, 160)  # channels at 1/4, 1/8, 1/16 and 1/32 of the size
    decoder: int = 64

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> JudgeConfig:
        """Read what `dataclasses.asdict` and JSON made of one; TypeError or KeyError for anything else."""
        known = {field.name: values[field.name] for field in fields(cls)}
        for name in ("landmarks", "factors", "stages"):
            known[name] = tuple(known[name])
        known["groups"] = {group: tuple(names) for group, names in known["groups"].items()}
        return cls(**known)


class Sight(NamedTuple):
    """All that the judge says of N pictures in one pass, before it is put in the caller's units."""

    heat: Tensor  # [N, K, h, w] logits
    points: Tensor  # [N, K, 2], cells of the heatmap
    visible: Tensor  # [N, K] logits
    factors: Tensor  # [N, P]
    stages: list[Tensor]  # [N, C, h, w] at 1/4, 1/8, 1/16 and 1/32 of the size


class Judge(nn.Module):
    """The network. Pictures are [N, 3, H, W] in -1..1, of any size of the aspect that it was trained at.

    All methods are differentiable with respect to the pictures; a loaded judge's weights are frozen.
    `figures` holds its own errors on held-out renders.

    Example: `points, visible = load_judge("judge.safetensors").landmarks(images)`.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, config: JudgeConfig, figures: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.config = config
        self.figures: dict[str, Any] = dict(figures or {})
        widths, decoder, count = config.stages, config.decoder, len(config.landmarks)
        self.stem = _convolution(3, config.stem, stride=2)
        inputs = (config.stem, *widths[:-1])
        self.encoder = nn.ModuleList(_Stage(a, b) for a, b in zip(inputs, widths, strict=True))
        self.lateral = nn.ModuleList(nn.Conv2d(width, decoder, 1) for width in widths)
        self.merge = nn.ModuleList(_convolution(decoder, decoder) for _ in widths[:-1])
        self.heat = nn.Conv2d(decoder, count, 1)
        self.local = nn.Conv2d(decoder, LOCAL, 1)
        self.coarse = nn.Conv2d(widths[-1], COARSE, 1)
        self.grid = min(4, config.height // DEEPEST), min(4, config.width // DEEPEST)
        seen = sum(widths) + COARSE * self.grid[0] * self.grid[1]
        performing = {name for group in PERFORMANCE for name in config.groups.get(group, ())}
        performance = [k for k, name in enumerate(config.factors) if name in performing]
        appearance = [k for k, name in enumerate(config.factors) if name not in performing]
        self.order = torch.tensor(appearance + performance).argsort()
        self.appearance = _head(seen, len(appearance)) if appearance else None
        self.performance = _head(seen + count * (LOCAL + 2), len(performance) + count)
        pooled = sum(widths[stage] for stage in POOLED)
        self.register_buffer("feature_mean", torch.zeros(pooled))
        self.register_buffer("feature_scale", torch.ones(pooled))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def landmarks(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Where the landmarks are [N, K, 2], px of the pictures given, and how surely seen [N, K], 0 to 1."""
        return self.place(self(images), images.shape[-1])

    def place(self, sight: Sight, width: int) -> tuple[Tensor, Tensor]:
        """What `landmarks` gives, of a sight, in px of pictures `width` wide."""
        return sight.points * (width / sight.heat.shape[-1]), sight.visible.sigmoid()

    def factors(self, images: Tensor) -> Tensor:
        """The factors [N, P] of the scene, in the order of `config.factors`, each about -1..1."""
        return cast("Sight", self(images)).factors

    def features(self, images: Tensor) -> Tensor:
        """The feature vector [N, D] for a Fréchet distance: each about standard normal over renders."""
        return self.vector(self.stages(images))

    def vector(self, stages: list[Tensor]) -> Tensor:
        """The feature vector [N, D] of feature maps that `stages` or `forward` gave."""
        return (pooled(stages) - self.feature_mean) / self.feature_scale

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """The LPIPS-like distance [N] of pictures a and b, seen at the judge's size."""
        return stage_distance(self.stages(a), self.stages(b))

    def stages(self, images: Tensor) -> list[Tensor]:
        """The feature maps of the encoder, finest first."""
        x = self.stem(self._fit(images))
        found = []
        for stage in self.encoder:
            x = stage(x)
            found.append(x)
        return found

    def forward(self, images: Tensor) -> Sight:
        """All of it, from one pass."""
        stages = self.stages(images)
        x = self.lateral[-1](stages[-1])
        for level in reversed(range(len(stages) - 1)):
            x = self.lateral[level](stages[level]) + F.interpolate(x, scale_factor=2.0)
            x = self.merge[level](x)
        heat = self.heat(x).float().contiguous()
        share = heat.flatten(2).softmax(dim=-1)  # [N, K, h w]
        points = soft_argmax(share, heat.shape[-1])
        # what is read at a landmark must not pull the landmark elsewhere
        local = torch.einsum("nkp,ncp->nkc", share.detach(), self.local(x).float().flatten(2))
        size = points.new_tensor([heat.shape[-1], heat.shape[-2]])
        # only the last stage is trained by its average: the others learn from landmarks, a fifth faster
        means = [stage.detach().float().mean(dim=(2, 3)) for stage in stages[:-1]]
        means.append(stages[-1].float().mean(dim=(2, 3)))
        coarse = F.adaptive_avg_pool2d(self.coarse(stages[-1]).float(), self.grid)
        seen = torch.cat([*means, coarse.flatten(1)], dim=1)
        placed = torch.cat([local.flatten(1), (4 * points.detach() / size - 2).flatten(1)], dim=1)
        count = len(self.config.landmarks)
        performed = self.performance(torch.cat([seen, placed], dim=1)).float()
        parts = [] if self.appearance is None else [self.appearance(seen).float()]
        factors = torch.cat([*parts, performed[:, :-count]], dim=1)[:, self.order]
        visible = performed[:, -count:]
        return Sight(heat, points, visible, factors, stages)

    def _fit(self, images: Tensor) -> Tensor:
        """Pictures at the judge's own size: averaged down, or bilinear up; ValueError for another aspect."""
        height, width = self.config.height, self.config.width
        if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] * width != images.shape[3] * height:
            shape = list(images.shape)
            raise ValueError(f"pictures have shape {shape} where [N, 3, H, W] of {height}:{width} is needed")
        if images.shape[2] > height:
            images = F.interpolate(images, size=(height, width), mode="area")
        elif images.shape[2] < height:
            images = F.interpolate(images, size=(height, width), mode="bilinear", align_corners=False)
        return images.contiguous(memory_format=torch.channels_last)


class _Stage(nn.Module):
    """Halve the size, then refine: the second convolution adds to what the first found."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = _convolution(inputs, outputs, stride=2)
        self.refine = _convolution(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        return cast("Tensor", x + self.refine(x))


def _head(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(inplace=True), nn.Linear(HIDDEN, outputs)
    )


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def pooled(stages: list[Tensor]) -> Tensor:
    """Averages over the picture of the stages `POOLED`: [N, D]."""
    return torch.cat([stages[stage].float().mean(dim=(2, 3)) for stage in POOLED], dim=1)


def stage_distance(a: list[Tensor], b: list[Tensor]) -> Tensor:
    """The LPIPS-like distance [N] of two sets of feature maps [N, C, h, w].

    The squared difference of features normalised to unit length over channels, averaged over the picture and
    summed over stages (Zhang et al. 2018, without their learned weights).
    """
    total = torch.zeros(len(a[0]), device=a[0].device)
    for one, other in zip(a, b, strict=True):
        difference = F.normalize(one, dim=1, eps=1e-6) - F.normalize(other, dim=1, eps=1e-6)
        total = total + difference.square().sum(dim=1).mean(dim=(1, 2))
    return total


def soft_argmax(share: Tensor, width: int) -> Tensor:
    """The mean place [N, K, 2] of a distribution over cells [N, K, h w], the first cell's centre at 0.5."""
    place = torch.arange(share.shape[-1], device=share.device)
    centres = torch.stack([place % width + 0.5, place // width + 0.5], dim=1).to(share.dtype)
    return share @ centres


def save_judge(judge: Judge, path: Path, *, force: bool = False) -> Path:
    """Write a judge, its config and its figures as safetensors, in half precision; returns the path.

    Raises OutputError where the file exists already, without `force`, or can't be written.
    """
    check_output(path, force)
    tensors = {
        name: value.detach().cpu().to(torch.float16 if value.numel() >= _SMALL else value.dtype).contiguous()
        for name, value in judge.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    metadata = {"format": FORMAT, "config": asdict(judge.config), "figures": judge.figures}
    with output_file(path, force) as temporary:
        save_file(tensors, temporary, {"judge": json.dumps(metadata)})
    return path


def load_judge(path: str | Path) -> Judge:
    """Read what `save_judge` wrote, frozen and ready to judge; CastError where it can't be.

    Nothing in the file is executed.
    """
    path = Path(path)
    if not path.is_file():
        raise CastError(f"{path}: not found; make a judge with `previz cast judge train`")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["judge"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        if metadata["format"] != FORMAT:
            raise ValueError(f"format {metadata['format']}; this previz reads format {FORMAT}")
        judge = Judge(JudgeConfig.from_dict(metadata["config"]), metadata["figures"])
        missing, unexpected = judge.load_state_dict(tensors, strict=False)
        if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
            raise ValueError("its weights are not those of its config")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CastError(f"{path}: not a judge that can be read ({reason})") from error
    return judge.requires_grad_(False).eval()
