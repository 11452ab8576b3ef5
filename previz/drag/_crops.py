"""Region of interest: what happens around the handles, computed on crops of the last blocks alone.

A place of the feature map sees only a few pixels of the map two blocks before. The Jacobian of features
around the handles is thus taken in two stages: through the last blocks on a small crop a handle, and from
there through the rest of the network on maps of a sixteenth of the pixels. The crops carry all that the
places asked for depend on, so the result is that of whole maps (features and Jacobians, to rounding).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from previz.drag._precision import running
from previz.drag._types import FeatureGenerator
from previz.generator import Generator
from previz.generator._layers import StyledConvolution, clamp, full_precision
from previz.geometry import Size, points_to_index

LAST_BLOCKS = 2  # that are computed on crops


@dataclass(frozen=True)
class Evaluation:
    """The features of one latent.

    Attributes:
        feature_map: [C, h, w] of the block; it depends on the latent if `low` is None or if that was asked.
        low: [C', h', w'] of LAST_BLOCKS before, depending on the latent; None where crops don't pay.
        w: [num_ws, w_dim] the latent.
        generator: the generator, if `low` is not None.
        block: which block.
        precision: in which the network runs, as in `DragSettings`.
    """

    feature_map: Tensor
    low: Tensor | None
    w: Tensor
    generator: Generator | None
    block: int
    precision: str = "fp32"


def evaluate(
    generator: FeatureGenerator, w: Tensor, block: int, whole: bool, precision: str = "fp32"
) -> Evaluation:
    """The features of w [num_ws, w_dim].

    In two stages where the generator is a StyleGAN2 with blocks enough; `whole` is whether the whole map
    shall depend on w nevertheless.
    """
    if not isinstance(generator, Generator) or block <= LAST_BLOCKS:
        with running(precision, w.device):
            feature_map = generator.features(w[None], block)[0]
        return Evaluation(feature_map.float(), None, w, None, block, precision)
    with running(precision, w.device):
        low = generator.features(w[None], block - LAST_BLOCKS)[0]
    with nullcontext() if whole else torch.no_grad():
        feature_map = _whole_blocks(generator, low, w, block, precision)
    return Evaluation(feature_map, low, w, generator, block, precision)


def whole_map(evaluation: Evaluation) -> Tensor:  # [C, h, w]
    """The feature map as a function of the latent, which takes the last blocks again if it isn't yet."""
    generator, low = evaluation.generator, evaluation.low
    if generator is None or low is None or evaluation.feature_map.requires_grad:
        return evaluation.feature_map
    return _whole_blocks(generator, low, evaluation.w, evaluation.block, evaluation.precision)


def _whole_blocks(generator: Generator, low: Tensor, w: Tensor, block: int, precision: str) -> Tensor:
    """The last blocks on all of the low map [C', h', w']: [C, h, w]."""
    return last_blocks_of_maps(generator, low[None], w[None], block, precision)[0]


def last_blocks_of_maps(generator: Generator, x: Tensor, w: Tensor, block: int, precision: str) -> Tensor:
    """Low maps [N, C', h', w'] of w [N, num_ws, w_dim] through the last blocks: [N, C, h, w]."""
    for index in range(block - LAST_BLOCKS + 1, block + 1):
        layers = generator.synthesis.block(index)
        noises: list[Tensor | None] = [layers.conv0.noise_const, layers.conv1.noise_const]
        with running(precision, x.device):
            x = layers.features(x, w[:, 2 * index - 3 : 2 * index - 1], noises)
    return x.float()


def sample_jacobian(
    evaluation: Evaluation,
    points: Tensor,  # [N, K, 2] feature-map pixels
    cotangents: Tensor,  # [N, R, K, C] of the samples at the points
    smooth: int,  # how often the map is smoothed before it is sampled
) -> tuple[Tensor, Tensor] | None:
    """The products of cotangents with the derivative of bilinear samples of the smoothed map, first stage.

    Returns:
        cotangents [N * R, C', h', w'] of `evaluation.low`, and the products with w of the blocks after it,
        [N * R, num_ws, w_dim]; None where crops would be as large as the map.
    """
    generator, low = evaluation.generator, evaluation.low
    if generator is None or low is None:
        return None
    size = evaluation.feature_map.shape[2], evaluation.feature_map.shape[1]
    index = points_to_index(points.float())
    down, across = (_line_weights(index[..., axis], size[axis], smooth) for axis in (1, 0))  # [N, K, h or w]
    place = _place([_support(weights) for weights in (down, across)])
    if place.length >= min(low.shape[1:]):
        return None
    crops = _window(low.detach()[None].expand(len(points), -1, -1, -1), place.origin, place.length)
    crops.requires_grad_()
    w = evaluation.w.detach().expand(len(points), -1, -1).clone().requires_grad_()
    with torch.enable_grad(), running(evaluation.precision, w.device):
        features, origin = _last_blocks(generator, crops, w, evaluation.block, place.origin)
    length = features.shape[-1]
    down, across = (_cut(line, origin[:, axis], length) for axis, line in ((0, down), (1, across)))
    rows, of_w = [], []
    for one in cotangents.unbind(dim=1):
        back = torch.einsum("nkc,nki,nkj->ncij", one, down, across).to(features.dtype)
        to_crops, to_w = torch.autograd.grad(features, (crops, w), back, retain_graph=True)
        rows.append(_back_in_place(to_crops, place, low.shape))
        of_w.append(to_w)
    return torch.stack(rows, dim=1).flatten(0, 1), torch.stack(of_w, dim=1).flatten(0, 1)


@dataclass(frozen=True)
class _Place:
    origin: Tensor  # [N, 2] row and column of each crop's first pixel, perhaps outside the map
    length: int


def _line_weights(index: Tensor, length: int, smooth: int) -> Tensor:  # [..., length]
    """What each pixel of a line counts in a linear sample at index [...] of the smoothed line."""
    pixels = torch.arange(length, device=index.device)
    weights = (1 - (index.clamp(0, length - 1)[..., None] - pixels).abs()).clamp(min=0)
    for _ in range(smooth):  # the transpose of smoothing with the border repeated
        spread = F.pad(weights, (1, 1)) * 0.5
        spread = spread + 0.5 * (spread.roll(1, -1) + spread.roll(-1, -1))
        weights = spread[..., 1:-1].clone()
        weights[..., 0] += spread[..., 0]
        weights[..., -1] += spread[..., -1]
    return weights


def _support(weights: Tensor) -> tuple[Tensor, Tensor]:
    """The first pixel that counts and the one after the last, [N] each, of weights [N, K, length]."""
    counts = (weights > 0).any(dim=1).int()  # [N, length]
    first = counts.argmax(dim=1)
    return first, counts.shape[1] - counts.flip(1).argmax(dim=1)


def _place(supports: list[tuple[Tensor, Tensor]]) -> _Place:
    """Which crops of the low map carry all that the supports depend on.

    A block makes of the crop [a, a + n) all of [2 a + 3, 2 a + 3 + 2 n - 6); see `_last_blocks`.
    """
    grow = 2**LAST_BLOCKS
    lost = 3 * (grow - 1)
    origins, lengths = [], []
    for first, after in supports:
        origin = torch.div(first - lost, grow, rounding_mode="floor")
        origins.append(origin)
        needed = after - (origin * grow + lost) + 2 * lost
        lengths.append(int((needed.max() + grow - 1) // grow))
    return _Place(torch.stack(origins, dim=1), max(lengths))


def _window(x: Tensor, origin: Tensor, length: int) -> Tensor:
    """Crops [N, C, length, length] of x [N, C, h, w], zero outside of it."""
    rows, columns = (origin[:, axis, None] + torch.arange(length, device=x.device) for axis in (0, 1))
    inside = _inside(origin, length, (x.shape[3], x.shape[2]))
    rows, columns = rows.clamp(0, x.shape[2] - 1), columns.clamp(0, x.shape[3] - 1)
    each = torch.arange(len(x), device=x.device)[:, None, None]
    taken = x.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None]]  # [N, length, length, C]
    return taken.permute(0, 3, 1, 2) * inside


def _inside(origin: Tensor, length: int, size: Size) -> Tensor:
    """1 where a pixel of a crop is in the map of (width, height), else 0: [N, 1, length, length]."""
    line = torch.arange(length, device=origin.device)
    rows, columns = origin[:, :1] + line, origin[:, 1:] + line  # [N, length]
    good = ((rows >= 0) & (rows < size[1]))[:, :, None] & ((columns >= 0) & (columns < size[0]))[:, None]
    return good[:, None].float()


def _last_blocks(
    generator: Generator, x: Tensor, w: Tensor, block: int, origin: Tensor
) -> tuple[Tensor, Tensor]:
    """Crops through the last blocks: features [N, C, m, m] and their origin [N, 2]."""
    for index in range(block - LAST_BLOCKS + 1, block + 1):
        layers = generator.synthesis.block(index)
        for layer, of in ((layers.conv0, 2 * index - 3), (layers.conv1, 2 * index - 2)):
            x, origin = _crop_layer(layer, x, w[:, of], origin)
    return x, origin


def _crop_layer(layer: StyledConvolution, x: Tensor, w: Tensor, origin: Tensor) -> tuple[Tensor, Tensor]:
    """`StyledConvolution.forward` where a crop [N, C, n, n] tells all; the origin moves with it."""
    with full_precision(x.device):
        style, demodulation = layer.style(w)
    x = x * style[:, :, None, None]
    if layer.up:
        taps = x.new_tensor([0.25, 0.75, 0.75, 0.25])
        x = F.conv_transpose2d(x, layer.weight.transpose(0, 1), stride=2)[:, :, 1:-1, 1:-1]
        x = F.conv2d(x, torch.outer(taps, taps).expand(x.shape[1], 1, 4, 4), groups=x.shape[1])
        origin = 2 * origin + 2
    else:
        x, origin = F.conv2d(x, layer.weight), origin + 1
    height, width = layer.size
    noise = _window(layer.noise_const.expand(len(x), 1, height, width), origin, x.shape[-1])
    bias = (layer.bias[:, None, None] + noise * layer.noise_strength) * 2**0.5
    x = clamp(F.leaky_relu(bias + x * demodulation[:, :, None, None], 0.2), layer.clamp)
    return x * _inside(origin, x.shape[-1], (width, height)), origin


def _cut(line: Tensor, first: Tensor, length: int) -> Tensor:
    """Weights [N, K, length] of a crop's pixels from those [N, K, L] of the whole line."""
    at = first[:, None] + torch.arange(length, device=line.device)  # [N, length]
    inside = (at >= 0) & (at < line.shape[2])
    at = at.clamp(0, line.shape[2] - 1)[:, None].expand(-1, line.shape[1], -1)
    return line.gather(2, at) * inside[:, None]


def _back_in_place(crops: Tensor, place: _Place, shape: torch.Size) -> Tensor:
    """Maps [N, C, h, w] that hold the crops [N, C, n, n] where they were cut, zeros elsewhere."""
    maps = crops.new_zeros(len(crops), *shape)
    for one, crop, (row, column) in zip(maps, crops, place.origin.tolist(), strict=True):
        top, left = max(0, row), max(0, column)
        bottom, right = min(shape[1], row + place.length), min(shape[2], column + place.length)
        one[:, top:bottom, left:right] = crop[:, top - row : bottom - row, left - column : right - column]
    return maps
