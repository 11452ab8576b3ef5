"""Point tracking (DragGAN, section 3.3): where the first frame's handle features are found again."""

from __future__ import annotations

from math import ceil, floor

import torch
from torch import Tensor

from previz.drag._sampling import lookup_features
from previz.drag._types import DragSettings, FeatureGenerator, Reference
from previz.errors import SolveError
from previz.geometry import clamp_to_image, rescale

# Prefers the nearer of equally good candidates; far below any real difference of features.
TIE_BREAK = 1e-6
REFINEMENTS = 3


def feature_block(generator: FeatureGenerator, settings: DragSettings) -> int:
    """The 1-based block that a drag uses: the one asked for, else block 6 or the last of a smaller generator.

    Raises:
        SolveError: the generator has no such block.
    """
    if settings.block is None:
        return min(6, generator.num_blocks)
    if settings.block > generator.num_blocks:
        raise SolveError(
            f"solver.block: {settings.block} is after the generator's last block, {generator.num_blocks}"
        )
    return settings.block


def paper_pixel(reference: Reference) -> float:
    """How many image pixels one pixel of the paper's radii is, which are given for 512 px images.

    It scales with the larger side of the image. At block 6 it is then a quarter of a feature pixel, whatever
    the image size; a coarser block doesn't let it shrink below that, as nothing can be told apart there.
    """
    return max(max(reference.image_size) / 512.0, feature_pixel(reference) / 4.0)


def feature_pixel(reference: Reference) -> float:
    """The larger side of a feature pixel, in image pixels."""
    (width, height), (columns, rows) = reference.image_size, reference.map_size
    return max(width / columns, height / rows)


def make_reference(
    generator: FeatureGenerator,
    w: Tensor,  # [num_ws, w_dim]
    points: Tensor,  # [N, 2] (x, y) image pixels
    settings: DragSettings,
) -> Reference:
    """Remember the handles as they look in w, the first frame of a shot.

    Raises:
        SolveError: wrong shapes, positions that are not numbers or outside the image, no such block.

    Example:
        >>> reference = make_reference(generator, w, torch.tensor([[128.0, 196.0]]), DragSettings())
    """
    block = feature_block(generator, settings)
    w, points = check_latent(generator, w), check_points(generator, "handles", points)
    size = (generator.width, generator.height)
    for index, (x, y) in enumerate(points.tolist()):
        if not (0 <= x <= size[0] and 0 <= y <= size[1]):
            raise SolveError(f"handles[{index}]: ({x:g}, {y:g}) is outside the {size[0]}x{size[1]} image")
    with torch.no_grad():
        feature_map = generator.features(w[None], block)[0].float()  # [C, h, w]
    features = lookup_features(
        feature_map, rescale(points, size, (feature_map.shape[2], feature_map.shape[1]))
    )
    return Reference(points, features, _contrast(feature_map, features), feature_map, block, size)


def _contrast(feature_map: Tensor, features: Tensor) -> Tensor:
    """RMS over the map of its distance to each feature [N, C]: [N]."""
    pixels = feature_map.flatten(1)  # [C, hw]
    mean = pixels.mean(dim=1)
    spread = (pixels - mean[:, None]).square().sum(dim=0).mean()
    return ((features - mean).square().sum(dim=1) + spread).sqrt().clamp(min=1e-12)


def track_points(
    generator: FeatureGenerator,
    w: Tensor,  # [num_ws, w_dim]
    points_guess: Tensor,  # [N, 2] (x, y) image pixels
    reference: Reference,
    settings: DragSettings,
) -> tuple[Tensor, Tensor]:
    """Find the reference's handles in any w, near where they are thought to be.

    Returns:
        points [N, 2] image pixels, sub-pixel, and feature_distance [N] (`DragResult.feature_distance`).

    Raises:
        SolveError: wrong shapes or positions that are not numbers.

    Example:
        >>> points, distance = track_points(generator, w, reference.points, reference, DragSettings())
    """
    w, points = check_latent(generator, w), check_points(generator, "points_guess", points_guess)
    if len(points) != len(reference.points):
        raise SolveError(
            f"points_guess: {len(points)} given for a reference of {len(reference.points)} handles"
        )
    if not len(points):
        return points, points.new_zeros(0)
    with torch.no_grad():
        feature_map = generator.features(w[None], reference.block)[0]
    return track(feature_map, points, reference, settings.radius_tracking)


def track(
    feature_map: Tensor,  # [C, h, w] of the current w
    points: Tensor,  # [N, 2] image pixels: where the handles were
    reference: Reference,
    radius: float,  # r2, in pixels of a 512 px image
) -> tuple[Tensor, Tensor]:
    """p_i = argmin ||F'(q) - f_i|| over the square of half side r2 around p_i (equation 2), then sub-pixel.

    The paper compares by L1 and its code by L2; this is L2, whose minimum Gauss-Newton steps then refine
    within one search step. Handles stay in the image.

    Returns:
        points [N, 2] image pixels, feature_distance [N] in units of the reference's contrast.
    """
    size = reference.image_size
    candidates = clamp_to_image(points[:, None] + search_offsets(reference, radius), size)  # [N, K, 2]
    samples = lookup_features(feature_map, rescale(candidates, size, reference.map_size))  # [N, K, C]
    cost = (samples - reference.features[:, None]).square().sum(dim=-1)  # [N, K]
    travel = (candidates - points[:, None]).square().sum(dim=-1)
    prior = TIE_BREAK * reference.contrast[:, None].square() * travel / travel.max().clamp(min=1e-12)
    best = (cost + prior).argmin(dim=1)
    found = candidates[torch.arange(len(points), device=points.device), best]
    found, cost = refine(feature_map, found, reference, search_step(reference))
    return found, cost.sqrt() / reference.contrast


def search_step(reference: Reference) -> float:
    """Spacing of the candidates, image pixels: one pixel as in the paper, or half a feature pixel where that
    is coarser, as bilinear samples in between tell nothing more.
    """
    return max(1.0, 0.5 * feature_pixel(reference))


def search_offsets(reference: Reference, radius: float) -> Tensor:
    """The square of half side r2 as offsets [K, 2], image pixels."""
    step = search_step(reference)
    count = ceil(radius * paper_pixel(reference) / step - 1e-6)
    line = torch.arange(-count, count + 1, device=reference.points.device) * step
    return torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2)


def disc_offsets(reference: Reference, radius: float) -> Tensor:
    """The disc of radius r1 as offsets [Q, 2], image pixels: the paper's whole pixels at 512, scaled."""
    whole = floor(radius + 1e-6)
    line = torch.arange(-whole, whole + 1, dtype=torch.float32, device=reference.points.device)
    square = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2)
    disc = square[square.square().sum(dim=-1) <= radius**2 + 1e-6]
    return disc * paper_pixel(reference)


def refine(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [N, 2] image pixels: the best candidates
    reference: Reference,
    reach: float,  # how far a point may move, image pixels
) -> tuple[Tensor, Tensor]:
    """Sub-pixel positions by Gauss-Newton on ||F'(p) - f_i||^2, as Lucas and Kanade (1981) do on grey values.

    A step is kept only where it lowers the cost, so a flat or ambiguous neighbourhood leaves a point alone.

    Returns:
        points [N, 2] image pixels, squared feature distance [N].
    """
    size, map_size = reference.image_size, reference.map_size
    start = current = points
    residual = lookup_features(feature_map, rescale(points, size, map_size)) - reference.features
    cost = residual.square().sum(dim=-1)
    for _ in range(REFINEMENTS):
        gradient = feature_gradient(feature_map, current, reference)  # [N, 2, C]
        normal = gradient @ gradient.mT  # [N, 2, 2]
        damping = 1e-3 * normal.diagonal(dim1=1, dim2=2).mean(dim=1) + 1e-12
        normal = normal + damping[:, None, None] * torch.eye(2, device=points.device)
        step = -torch.linalg.solve(normal, (gradient @ residual[:, :, None])[:, :, 0])
        trial = clamp_to_image(start + (current + step - start).clamp(-reach, reach), size)
        trial_residual = lookup_features(feature_map, rescale(trial, size, map_size)) - reference.features
        trial_cost = trial_residual.square().sum(dim=-1)
        better = (trial_cost < cost)[:, None]
        current = torch.where(better, trial, current)
        residual = torch.where(better, trial_residual, residual)
        cost = torch.where(better[:, 0], trial_cost, cost)
    return current, cost


def feature_gradient(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [..., 2] image pixels
    reference: Reference,
) -> Tensor:  # [..., 2, C] per image pixel
    """dF/dx and dF/dy by central differences, half a feature pixel to each side."""
    size, map_size = reference.image_size, reference.map_size
    centre = rescale(points, size, map_size)
    half = 0.5 * torch.eye(2, device=points.device)
    ahead = lookup_features(feature_map, centre[..., None, :] + half)
    behind = lookup_features(feature_map, centre[..., None, :] - half)
    per_image_pixel = torch.tensor((map_size[0] / size[0], map_size[1] / size[1]), device=points.device)
    return (ahead - behind) * per_image_pixel[:, None]


def check_latent(generator: FeatureGenerator, w: Tensor) -> Tensor:
    """The latent as float32 on the generator's device; a SolveError for another shape or for NaN."""
    wanted = (generator.num_ws, generator.w_dim)
    if tuple(w.shape) != wanted:
        raise SolveError(f"w: shape {list(w.shape)} is not the generator's [num_ws, w_dim], {list(wanted)}")
    if not bool(torch.isfinite(w).all()):
        raise SolveError("w: holds values that are not finite numbers")
    return w.detach().to(generator.device, torch.float32)


def check_points(generator: FeatureGenerator, name: str, points: Tensor) -> Tensor:
    """Positions as float32 on the generator's device; a SolveError for another shape or for NaN."""
    if points.ndim != 2 or points.shape[1] != 2:
        raise SolveError(f"{name}: shape {list(points.shape)} is not [N, 2]")
    for index, (x, y) in enumerate(points.tolist()):
        if not torch.isfinite(torch.tensor((x, y))).all():
            raise SolveError(f"{name}[{index}]: ({x:g}, {y:g}) is not a position")
    return points.detach().to(generator.device, torch.float32)
