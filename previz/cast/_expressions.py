"""Named expressions in ARKit's face units, and smooth mixtures of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPRESSIONS", "MOODS", "UNITS", "mixture", "units_of"]


def _both(**units: float) -> dict[str, float]:
    """Units of both sides from names without one: smile=1 is mouthSmileLeft and mouthSmileRight."""
    return {f"{name}{side}": amount for name, amount in units.items() for side in ("Left", "Right")}


EXPRESSIONS: Mapping[str, Mapping[str, float]] = {
    "neutral": _both(mouthSmile=0.10),
    "happy": {"browInnerUp": 0.12}
    | _both(mouthSmile=0.95, cheekSquint=0.55, eyeSquint=0.22, mouthUpperUp=0.10, mouthDimple=0.2),
    "laughing": {"jawOpen": 0.48, "browInnerUp": 0.15}
    | _both(mouthSmile=1.05, cheekSquint=0.75, eyeSquint=0.40, mouthUpperUp=0.42, mouthLowerDown=0.25),
    "sad": {"browInnerUp": 0.95, "mouthShrugLower": 0.35}
    | _both(mouthFrown=0.75, eyeSquint=0.12, browDown=0.10, eyeBlink=0.12),
    "angry": _both(browDown=0.95, eyeSquint=0.35, noseSneer=0.40)
    | _both(mouthPress=0.35, mouthFrown=0.35, eyeWide=0.15),
    "surprised": {"browInnerUp": 0.80, "jawOpen": 0.42, "mouthFunnel": 0.18}
    | _both(browOuterUp=0.85, eyeWide=0.75),
    "disgusted": {"mouthShrugLower": 0.20}
    | _both(noseSneer=0.95, mouthUpperUp=0.48, browDown=0.45, eyeSquint=0.40, mouthFrown=0.30),
    "afraid": {"browInnerUp": 0.95, "jawOpen": 0.20}
    | _both(eyeWide=0.75, mouthStretch=0.65, browOuterUp=0.30, mouthLowerDown=0.25),
    "smirk": {
        "mouthSmileLeft": 0.80, "mouthDimpleLeft": 0.4, "cheekSquintLeft": 0.3, "browOuterUpRight": 0.45,
        "mouthLeft": 0.15, "mouthSmileRight": 0.1,
    },
    "aa": {"jawOpen": 0.62} | _both(mouthLowerDown=0.25, mouthUpperUp=0.12),
    "ee": {"jawOpen": 0.14}
    | _both(mouthStretch=0.40, mouthSmile=0.25, mouthLowerDown=0.42, mouthUpperUp=0.30),
    "oo": {"mouthPucker": 0.75, "mouthFunnel": 0.30, "jawOpen": 0.14},
    "mm": {"mouthRollLower": 0.45, "mouthRollUpper": 0.35} | _both(mouthPress=0.50, mouthSmile=0.08),
}  # fmt: skip

# A mood is a line with a named expression at either end; neutral lies in the middle of all.
MOODS = (
    ("happy", "sad"),
    ("surprised", "angry"),
    ("laughing", "disgusted"),
    ("smirk", "afraid"),
    ("aa", "mm"),
    ("ee", "oo"),
)
UNITS = tuple(sorted({unit for units in EXPRESSIONS.values() for unit in units}))
_MATRIX = np.array([[units.get(unit, 0.0) for unit in UNITS] for units in EXPRESSIONS.values()])
_NAMES = tuple(EXPRESSIONS)
_SHARPNESS = 2.8
_NEUTRAL = 1.7  # how far a mood must go before it shows
_LEANING = {
    "happy": 1.0, "laughing": 0.7, "smirk": 0.2, "sad": -0.2, "angry": -0.4, "disgusted": -0.6,
    "afraid": -0.5, "surprised": -0.1, "aa": -0.4, "mm": -0.2,
}  # fmt: skip


def mixture(moods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares [N, 13] of the named expressions, in their order, at mood values [N, 6], normal-distributed.

    A softmax: one expression far out, two or three of them between, neutral at zero.
    """
    logits = np.zeros((len(moods), len(_NAMES)))
    logits[:, 0] = _NEUTRAL
    for column, (high, low) in enumerate(MOODS):
        logits[:, _NAMES.index(high)] = _SHARPNESS * moods[:, column] + _LEANING.get(high, 0.0)
        logits[:, _NAMES.index(low)] = -_SHARPNESS * moods[:, column] + _LEANING.get(low, 0.0)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)


def units_of(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amounts [N, len(UNITS)] of the face units at shares [N, 13] of the named expressions."""
    return np.asarray(shares @ _MATRIX, np.float64)
