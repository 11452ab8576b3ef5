"""Point tracking (DragGAN, section 3.3): where the first frame's handle features are found again."""

from __future__ import annotations

from math import ceil, floor

import torch
from torch import Tensor

from previz.drag._checks import check_latent, check_points
from previz.drag._matching import Template, match
from previz.drag._sampling import lookup_features
from previz.drag._settings import DragSettings
from previz.drag._types import FeatureGenerator, Reference
from previz.errors import SolveError
from previz.geometry import rescale

# Prefers the nearer of equally good candidates; far below any real difference of features.
TIE_BREAK = 1e-6


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
    return Reference(w, points, features, _contrast(feature_map, features), feature_map, block, size)


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

    The paper compares by L1 and its code by L2; this is L2, which Gauss-Newton steps then refine within one
    search step. Handles stay in the image.

    Returns:
        points [N, 2] image pixels, feature_distance [N] in units of the reference's contrast.
    """
    search = search_offsets(reference, radius)
    template = point_template(reference)
    return match(feature_map, points, template, search, search_step(reference), TIE_BREAK)


def point_template(reference: Reference) -> Template:
    """The paper's template: the one feature vector under each handle."""
    centre = reference.points.new_zeros(1, 2)
    features = reference.features[:, None]
    return Template(centre, features, reference.contrast, reference.image_size, reference.map_size)


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
