"""Where the clothes of a full figure are, on the template: what outfit.glsl and cut.glsl say, in numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from previz.cast._scene import Outfit

__all__ = [
    "BARE",
    "BOTTOM",
    "SHOE",
    "SKIN_UNDER",
    "TOP",
    "along_arm",
    "garment",
    "is_skirt",
    "neckline",
    "under_skirt",
]

BARE, TOP, BOTTOM, SHOE = range(4)
WAIST = 1.35
SKIN_UNDER = 0.02  # dm inside the clothes' edges from which the skin is not drawn
SHOULDER, ELBOW, WRIST = (np.array(p) for p in ((1.68, 5.25, 0.15), (3.13, 3.49, 0.13), (4.31, 2.45, 1.76)))


def neckline(template: NDArray[np.floating], kind: int) -> NDArray[np.floating]:
    """The height [N] over which a top is cut away at points [N, 3]; kinds as in `Materials.neckline`."""
    x, _, z = template.T

    def rise(low: float, high: float) -> NDArray[np.floating]:
        t = np.clip((z - low) / (high - low), 0, 1)
        return np.asarray(t * t * (3 - 2 * t))

    if kind == 1:
        return np.asarray(5.95 - np.maximum(0.0, 0.62 - 1.35 * np.abs(x)) * rise(0.1, 0.6))
    if kind == 2:
        return np.full_like(x, 6.28)
    if kind == 3:
        return np.asarray(5.80 - 0.26 * np.exp(-((x / 0.66) ** 4)) * rise(0.2, 0.5))
    return np.asarray(5.93 - 0.32 * np.exp(-((x / 0.42) ** 2)) * rise(0.0, 0.6))


def along_arm(template: NDArray[np.floating]) -> NDArray[np.float64]:
    """0 at the shoulder, 0.5 at the elbow, 1 at the wrist [N]; -1 for what is no arm."""
    q = np.array(template, np.float64)
    q[:, 0] = np.abs(q[:, 0])
    upper, fore = ELBOW - SHOULDER, WRIST - ELBOW
    lower = (q - ELBOW) @ fore / (fore @ fore)
    higher = np.clip((q - SHOULDER) @ upper / (upper @ upper), 0, 1)
    arm = np.where(lower > 0, 0.5 + 0.5 * lower, 0.5 * higher)
    return np.where(q[:, 0] < 1.60 + 0.25 * np.maximum(0.0, 4.6 - q[:, 1]), -1.0, arm)


def garment(
    template: NDArray[np.floating], outfit: Outfit, collar: int, inside: float = 0.0
) -> NDArray[np.int64]:
    """What covers points [N, 3] of the skin or the tights; `inside` (dm) keeps away from every edge."""
    y = template[:, 1]
    arm = along_arm(template)
    body = np.where(y > outfit.hem, TOP, np.where(y > outfit.trousers + inside, BOTTOM, BARE))
    body = np.where(y > neckline(template, collar) - inside, BARE, body)
    found = np.where(arm >= 0, np.where(arm < outfit.sleeve - 0.2 * inside, TOP, BARE), body)
    return np.asarray(np.where(y < outfit.shoes - inside, SHOE, found), np.int64)


def is_skirt(template: NDArray[np.floating], outfit: Outfit) -> NDArray[np.bool_]:
    """Whether points [N, 3] of the skirt are there."""
    return np.asarray((template[:, 1] < WAIST) & (template[:, 1] > outfit.skirt))


def under_skirt(template: NDArray[np.floating], outfit: Outfit) -> NDArray[np.bool_]:
    """Whether points [N, 3] of the skin or the tights are hidden by the skirt from every side."""
    y = template[:, 1]
    return np.asarray((along_arm(template) < 0) & (y < WAIST - 0.04) & (y > outfit.skirt + 0.4))
