"""Finding a piece of one feature map in another: search, then sub-pixel refinement.

The paper looks for the single feature vector of a handle; a template here is a few of them around it, and one
in the paper's case.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from previz.drag._sampling import lookup_features
from previz.errors import SolveError
from previz.geometry import Size, clamp_to_image, rescale

REFINEMENTS = 3
# Of the mean curvature: keeps a step finite along an edge, where positions can't be told apart.
EDGE_DAMPING = 1e-3
# Of the squared contrast per squared feature pixel: keeps it zero where the map is flat.
FLAT_DAMPING = 1e-6


@dataclass(frozen=True)
class Template:
    """What each handle looked like in the first frame.

    Attributes:
        offsets: [K, 2] where it was read around the handle, image pixels.
        features: [N, K, C] what was read.
        contrast: [N] RMS distance of the handle's feature to the first frame's map.
        image_size: (width, height) of the image.
        map_size: (width, height) of the feature map.
    """

    offsets: Tensor
    features: Tensor
    contrast: Tensor
    image_size: Size
    map_size: Size


def read_template(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [..., N, 2] image pixels
    template: Template,
) -> Tensor:  # [..., N, K, C]
    """The map at the template's offsets around each point."""
    at = rescale(points[..., None, :] + template.offsets, template.image_size, template.map_size)
    return lookup_features(feature_map, at)


def match(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [N, 2] image pixels: where the handles are thought to be
    template: Template,
    search: Tensor,  # [M, 2] offsets to try, image pixels
    reach: float,  # how far refinement may move the best of them, image pixels
    prior: float,  # cost of the farthest candidate, squared contrast
    sought: Tensor | None = None,  # [N, K, C]
) -> tuple[Tensor, Tensor]:
    """The places that look most like the template, none of them outside the image.

    Which neighbourhood a handle is in is searched by the features `sought`, those of the template where there
    are none; where exactly it is in there, only the template says.

    Returns:
        points [N, 2] image pixels, sub-pixel; feature distance [N], RMS over the template, in units of
        contrast.

    Raises:
        SolveError: the map holds values that are not numbers where it is looked at.
    """
    candidates = clamp_to_image(points[:, None] + search, template.image_size)  # [N, M, 2]
    read = read_template(feature_map, candidates.transpose(0, 1), template)  # [M, N, K, C]
    wanted = template.features if sought is None else sought
    cost = (read - wanted).square().sum(dim=-1).mean(dim=-1).t()  # [N, M]
    if not bool(torch.isfinite(cost).all()):
        raise SolveError(
            "the solve ran away: the generator's features are no longer numbers; a lower "
            "solver.learning_rate may help, and so may targets nearer by"
        )
    travel = (candidates - points[:, None]).square().sum(dim=-1)
    cost = cost + prior * template.contrast[:, None].square() * travel / travel.max().clamp(min=1e-12)
    best = cost.argmin(dim=1)
    found = candidates[torch.arange(len(points), device=points.device), best]
    found, cost = refine(feature_map, found, template, reach)
    return found, cost.sqrt() / template.contrast


@dataclass(frozen=True)
class Sight:
    """What a handle looked like when it was seen last.

    Attributes:
        features: [N, K, C] at the template's offsets around it.
        share: what a difference to them counts beside one to the template.
    """

    features: Tensor
    share: float


def match_again(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [N, 2] image pixels: where the handles are thought to be
    template: Template,
    search: Tensor,  # [M, 2] offsets to try, image pixels
    reach: float,  # image pixels
    prior: float,  # squared contrast
    sight: Sight,
) -> tuple[Tensor, Tensor]:
    """As `match`, of the places that look like the template those that also look as the handle did last.

    ||F - T||^2 + s ||F - L||^2 is (1 + s) ||F - (T + s L) / (1 + s)||^2 and what doesn't depend on F, so both
    are searched for at the price of one.
    """
    share = sight.share
    sought = (template.features + share * sight.features) / (1 + share)
    return match(feature_map, points, template, search, reach, prior / (1 + share), sought)


def refine(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [N, 2] image pixels: the best candidates
    template: Template,
    reach: float,  # how far a point may move to each side, image pixels
) -> tuple[Tensor, Tensor]:
    """Sub-pixel positions by Gauss-Newton on the feature distance, as Lucas and Kanade (1981) do on grey
    values.

    A step is kept only where it lowers the cost, so a flat or ambiguous neighbourhood leaves a point alone.

    Returns:
        points [N, 2] image pixels, squared feature distance [N], mean over the template.
    """
    start = current = points
    residual = read_template(feature_map, current, template) - template.features  # [N, K, C]
    cost = residual.square().sum(dim=-1).mean(dim=-1)
    for _ in range(REFINEMENTS):
        gradient = feature_gradient(feature_map, current, template)
        pull = torch.einsum("nkdc,nkc->nd", gradient, residual)
        step = -torch.linalg.solve(curvature(gradient, template), pull)
        trial = clamp_to_image(start + (current + step - start).clamp(-reach, reach), template.image_size)
        trial_residual = read_template(feature_map, trial, template) - template.features
        trial_cost = trial_residual.square().sum(dim=-1).mean(dim=-1)
        better = trial_cost < cost
        current = torch.where(better[:, None], trial, current)
        residual = torch.where(better[:, None, None], trial_residual, residual)
        cost = torch.where(better, trial_cost, cost)
    return current, cost


def curvature(
    gradient: Tensor,  # [N, K, 2, C]
    template: Template,
) -> Tensor:  # [N, 2, 2]
    """H = sum_k G_k G_k^T of the squared feature distance, damped so that it can always be inverted."""
    normal = torch.einsum("nkdc,nkec->nde", gradient, gradient)
    per_feature_pixel = (template.map_size[0] / template.image_size[0]) ** 2
    flat = FLAT_DAMPING * template.contrast.square() * len(template.offsets) * per_feature_pixel
    edge = EDGE_DAMPING * normal.diagonal(dim1=1, dim2=2).mean(dim=1)
    return normal + (edge + flat)[:, None, None] * torch.eye(2, device=normal.device)


def feature_gradient(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [N, 2] image pixels
    template: Template,
) -> Tensor:  # [N, K, 2, C] per image pixel
    """dF/dx and dF/dy at the template's places, by central differences, half a feature pixel to each side."""
    (width, height), (columns, rows) = template.image_size, template.map_size
    half = torch.tensor([[0.5 * width / columns, 0.0], [0.0, 0.5 * height / rows]], device=points.device)
    ahead = read_template(feature_map, points + half[:, None], template)  # [2, N, K, C]
    behind = read_template(feature_map, points - half[:, None], template)
    across = torch.tensor([width / columns, height / rows], device=points.device)
    return ((ahead - behind) / across[:, None, None, None]).permute(1, 2, 0, 3)


def smoothed(feature_map: Tensor, times: int) -> Tensor:  # [C, h, w], as given
    """Averaged with its neighbours, [1, 2, 1] / 4 along both sides, so many times; the border is repeated."""
    for _ in range(times):
        padded = torch.nn.functional.pad(feature_map[None], (1, 1, 1, 1), mode="replicate")[0]
        along = (padded[:, :-2] + padded[:, 2:]) * 0.25 + padded[:, 1:-1] * 0.5
        feature_map = (along[:, :, :-2] + along[:, :, 2:]) * 0.25 + along[:, :, 1:-1] * 0.5
    return feature_map
