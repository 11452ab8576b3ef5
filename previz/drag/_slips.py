"""Whether a handle still is what it was: what is found at its place is looked for in the first frame again.

A tracker that slips along smooth skin finds features there that are hardly unlike those of the handle, so
their distance doesn't tell. But what it stands on then lies elsewhere in the first frame, by its own looks as
by the flow of all around it; one of both alone is wrong too often. Measured on Mira along ten latent paths by
which nothing was chosen, 1226 places of landmarks with known motion: of those that the tracker has more than
10 px beside their true place, in a picture of 256 px, this finds 72%, and it wrongly says so of 0.9% of those
within 3 px (the looks alone, from 7 px on: 66% and 2.5%). Of all of which it says so, 88% are more than 4 px
beside their place (67%).
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from previz.drag._jacobian import patch_template
from previz.drag._matching import match, read_template, smoothed
from previz.drag._sampling import sample_features
from previz.drag._settings import DragSettings
from previz.drag._tracking import feature_pixel, paper_pixel
from previz.drag._types import Reference
from previz.geometry import rescale

# Of the features, in which the flow back is looked for, each by itself.
COMPONENTS = 3
# Of a map's sides, feature pixels, for a flow to tell anything.
SMALLEST = 16


def slipped(
    feature_map: Tensor,  # [C, h, w] of the current w
    points: Tensor,  # [N, 2] image pixels, tracked in it
    reference: Reference,
    settings: DragSettings,
) -> Tensor:  # [N] bool
    """Whether all ways back lead elsewhere, by more than `settings.slip`."""
    limit = settings.slip * paper_pixel(reference)
    lost = _beyond(way_back(feature_map, points, reference, settings), reference, limit)
    if bool(lost.any()):
        for back in flows_back(feature_map, points, reference):
            lost = lost & _beyond(back, reference, limit)
    return lost


def _beyond(back: Tensor, reference: Reference, limit: float) -> Tensor:  # [N] bool
    """Written so that a place that is not a number counts as beyond."""
    beyond: Tensor = ~(torch.linalg.vector_norm(back - reference.points, dim=-1) <= limit)
    return beyond


def way_back(
    feature_map: Tensor,  # [C, h, w] of the current w
    points: Tensor,  # [N, 2] image pixels, tracked in it
    reference: Reference,
    settings: DragSettings,
) -> Tensor:  # [N, 2] image pixels of the first frame
    """Where in the first frame, around each handle, the looks are that it has here."""
    ik = settings.ik
    template = patch_template(reference, ik.patch_spacing * paper_pixel(reference), ik.smooth)
    here = replace(template, features=read_template(smoothed(feature_map, ik.smooth), points, template))
    first = smoothed(reference.feature_map, ik.smooth)
    step = max(1.0, feature_pixel(reference))
    count = max(1, round(3 * settings.slip * paper_pixel(reference) / step))
    line = torch.arange(-count, count + 1, device=points.device) * step
    search = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2)
    return match(first, reference.points, here, search, step, 0.0)[0]


def flows_back(
    feature_map: Tensor,  # [C, h, w] of the current w
    points: Tensor,  # [N, 2] image pixels, tracked in it
    reference: Reference,
) -> list[Tensor]:  # each [N, 2] image pixels of the first frame
    """Where in the first frame optical flow leads from each handle; one for each of the first principal
    components of that frame's features, none for a map too small for it.

    Flow is that of dense inverse search (Kroeger et al. 2016), begun at what the handles have moved by in the
    median.
    """
    size, map_size = reference.image_size, reference.map_size
    if min(map_size) < SMALLEST:
        return []
    first, now = smoothed(reference.feature_map.float(), 1), smoothed(feature_map.float(), 1)
    here = rescale(points, size, map_size)
    start = (rescale(reference.points, size, map_size) - here).median(dim=0).values.cpu().numpy()
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = []
    for axis in _components(first):
        views = torch.stack([torch.tensordot(axis, one, dims=1) for one in (now, first)]).cpu().numpy()
        begun = np.tile(start.astype(np.float32), (*views.shape[1:], 1))
        here_grey, first_grey = _as_greys(views)
        field = np.asarray(search.calc(here_grey, first_grey, begun), np.float32)
        flow = torch.from_numpy(field).to(points.device)
        way = sample_features(flow.permute(2, 0, 1), here)
        found.append(rescale(here + way, map_size, size))
    return found


def _components(feature_map: Tensor) -> Tensor:  # [COMPONENTS, C]
    """The axes along which the features [C, h, w] vary most, the first first."""
    pixels = feature_map.flatten(1)
    pixels = pixels - pixels.mean(dim=1, keepdim=True)
    axes: Tensor = torch.linalg.eigh((pixels @ pixels.t()).double().cpu()).eigenvectors
    return axes[:, -COMPONENTS:].t().flip(0).to(feature_map)


def _as_greys(views: NDArray[np.float32]) -> NDArray[np.uint8]:  # [2, h, w]
    """Two views [2, h, w] by what the second spans, without the last percent to each side."""
    low, high = np.quantile(views[1], (0.01, 0.99))
    margin = max(0.1 * (high - low), 1e-12)
    shares = (views - (low - margin)) / (high - low + 2 * margin)
    return np.asarray((shares * 255).clip(0, 255), np.uint8)
