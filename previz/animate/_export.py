"""Latents for other programs: numpy files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from previz.animate._take import Take
from previz.errors import OutputError
from previz.files import check_output, output_file, writing
from previz.timebase import FrameRange


def export_latents(
    take: Take, path: str | Path, frames: FrameRange | None = None, force: bool = False
) -> Path:
    """Write a take's latents, float32 [F, num_ws, w_dim], as .npy, or as .npz with what belongs to them.

    An .npz holds latents, frames [F], and handles [F, N, 2], targets [F, N, 2] and error [F, N] in pixels of
    the generator's image, names [N] and rate (text such as 24000/1001). `frames` None is all. The same take
    gives the same bytes. Raises OutputError for another kind of file and for one that exists (unless
    `force`), SolveError for frames that the take doesn't hold.

    Example: `export_latents(take, "smile.npz")`.
    """
    path = Path(path)
    if path.suffix not in (".npy", ".npz"):
        raise OutputError(f"{path}: latents are exported as .npz or .npy")
    check_output(path, force)
    chosen = take.range if frames is None else frames
    part = slice(take.index(chosen.first), take.index(chosen.last) + 1)
    content = io.BytesIO()
    if path.suffix == ".npy":
        np.save(content, take.latents[part])
    else:
        np.savez(
            content,
            latents=take.latents[part],
            frames=take.frames[part],
            handles=take.handles[part],
            targets=take.targets[part],
            error=take.error[part],
            names=np.array(take.names),
            rate=np.array(str(take.rate)),
        )
    with output_file(path, force) as temporary, writing(path):
        temporary.write_bytes(content.getvalue())
    return path
