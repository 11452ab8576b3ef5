"""Whether a handle still is what it was: what is found at its place is looked for in the first frame again.

A tracker that slips along smooth skin finds features there that are hardly unlike those of the handle, so
their distance doesn't tell. But what it stands on then lies elsewhere in the first frame. Measured on 605
landmarks of the bundled character with known motion: of those that the tracker has more than 8 px beside
their true place, in a picture of 256 px, this finds 39% (of those beyond 15 px, 60%) and the feature distance
3%; it wrongly says so of 1.6% of those within 3 px.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from previz.drag._jacobian import patch_template
from previz.drag._matching import match, read_template, smoothed
from previz.drag._settings import DragSettings
from previz.drag._tracking import feature_pixel, paper_pixel
from previz.drag._types import Reference


def slipped(
    feature_map: Tensor,  # [C, h, w] of the current w
    points: Tensor,  # [N, 2] image pixels, tracked in it
    reference: Reference,
    settings: DragSettings,
) -> Tensor:  # [N] bool
    """Whether the way back leads elsewhere, by more than `settings.slip`."""
    away = way_back(feature_map, points, reference, settings) - reference.points
    limit = settings.slip * paper_pixel(reference)
    # Written so that a place that is not a number counts as lost.
    lost: Tensor = ~(torch.linalg.vector_norm(away, dim=-1) <= limit)
    return lost


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
    count = max(1, round(2 * settings.slip * paper_pixel(reference) / step))
    line = torch.arange(-count, count + 1, device=points.device) * step
    search = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2)
    return match(first, reference.points, here, search, step, 0.0)[0]
