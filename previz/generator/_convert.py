"""Any checkpoint to previz's own format."""

from __future__ import annotations

from pathlib import Path

import torch

from previz.generator._checkpoint import load_generator
from previz.generator._previz import save_generator


def convert_checkpoint(
    source: str | Path,
    target: str | Path,
    dtype: torch.dtype = torch.float16,
    *,
    force: bool = False,
) -> Path:
    """Write the generator of `source`, of any format, as a previz checkpoint; returns the path.

    The card names where it came from. Raises CheckpointError and OutputError as loading and saving do.

    Example: `convert_checkpoint("ffhq.pkl", "ffhq.safetensors")`.
    """
    return save_generator(load_generator(source), target, dtype=dtype, force=force)
