"""Optical flow of pictures, by OpenCV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from previz import to_uint8
from previz.drag import sample_features

__all__ = ["Flow", "Grey", "as_grey", "dis", "farneback", "follow", "grey_picture"]

Grey = NDArray[np.uint8]
"""[H, W]"""
Flow = Callable[[Grey, Grey], NDArray[np.float32]]
"""From two pictures to [H, W, 2], where each pixel of the first is in the second, px from where it was."""


def grey_picture(picture: Tensor) -> Grey:
    """A picture [1, 3, H, W] of -1..1 in grey."""
    return as_grey(to_uint8(picture)[0].cpu().numpy())


def as_grey(picture: NDArray[np.uint8]) -> Grey:
    """A picture [H, W, 3] in grey."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def dis(before: Grey, after: Grey) -> NDArray[np.float32]:
    """Dense inverse search (Kroeger et al. 2016), medium preset, from nothing."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    start = np.zeros((*before.shape, 2), np.float32)
    return np.asarray(flow.calc(before, after, start), np.float32)


def farneback(before: Grey, after: Grey) -> NDArray[np.float32]:
    """Farnebäck 2003: 5 levels, windows of 21 px, neighbourhoods of 7 px."""
    start = np.zeros((*before.shape, 2), np.float32)
    return np.asarray(
        cv2.calcOpticalFlowFarneback(before, after, start, 0.5, 5, 21, 3, 7, 1.5, 0), np.float32
    )


def follow(greys: Sequence[Grey], points: Tensor, flow: Flow = dis) -> list[Tensor]:
    """Where points [N, 2] px of the first picture are in each, by flow from one to the next."""
    places = [points]
    for before, after in pairwise(greys):
        field = torch.from_numpy(flow(before, after)).permute(2, 0, 1)
        places.append(places[-1] + sample_features(field, places[-1]))
    return places
