"""Named directions of W: by principal components of any generator, and by regression on what is known of z.

A direction is added to w in units of its own: w + amount · vector. They are kept in a file beside the
checkpoint, `head.directions.safetensors` for `head.safetensors`. Principal components need no file.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from previz.errors import CheckpointError, PrevizError
from previz.files import output_file, writing
from previz.generator._checkpoint import DIRECTIONS_SUFFIX
from previz.generator._network import Generator
from previz.generator._text import one_line

FORMAT = 1
SAMPLES = 10_000
RIDGE = 0.2  # of a factor's variance
_BATCH = 1000
_METADATA = "previz.directions"
_COMPONENT = re.compile(r"pc([1-9]\d{0,3})")


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction of W.

    Attributes:
        name: what a timeline calls it.
        kind: "component", one of the principal components of w, or "factor", found by regression.
        vector: float32 [w_dim], one unit of it: for a component a standard deviation of w along it, for a
            factor the change of w as the factor goes up by 1.
        share: of a component, how much of the variance of w it is; of a factor, how much of the factor's own
            variance a linear function of w explains. 0 to 1.
    """

    name: str
    kind: Literal["component", "factor"]
    vector: Tensor
    share: float


def component_directions(
    generator: Generator, count: int = 8, samples: int = SAMPLES, seed: int = 0
) -> tuple[Direction, ...]:
    """The first principal components of w, pc1, pc2 …, each as long as a standard deviation (GANSpace, 2020).

    The largest value of each is positive. Raises PrevizError for a count outside 0 to w_dim.

    Example: `component_directions(generator, 4)[0].vector`.
    """
    if not 0 <= count <= generator.w_dim:
        raise PrevizError(f"{count} principal components are outside 0 to {generator.w_dim}, the size of w")
    w = sample_codes(generator, samples, seed)[1].double()
    variance, axes = torch.linalg.eigh(torch.cov(w.T))  # ascending; axes in columns
    variance, axes = variance.flip(0).clamp(min=0), axes.flip(1)
    largest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))
    vectors = (axes * largest.sign() * variance.sqrt()).T  # [w_dim, w_dim]
    shares = (variance / variance.sum().clamp(min=1e-30)).tolist()
    return tuple(
        Direction(f"pc{index + 1}", "component", vectors[index].float(), shares[index])
        for index in range(count)
    )


def sample_codes(generator: Generator, samples: int, seed: int) -> tuple[np.ndarray, Tensor]:
    """Random codes, float64 [M, z_dim], and their w, float32 [M, w_dim] on the CPU, without truncation."""
    z = np.random.default_rng([seed, samples]).standard_normal((samples, generator.z_dim))
    return z, latents_of_codes(generator, z)


def latents_of_codes(generator: Generator, z: np.ndarray) -> Tensor:
    """The w of codes [M, z_dim], float32 [M, w_dim] on the CPU, without truncation."""
    with torch.no_grad():
        parts = [
            generator.mapping(torch.from_numpy(part).to(generator.device))[:, 0].float().cpu()
            for part in np.array_split(z, max(1, len(z) // _BATCH))
        ]
    return torch.cat(parts)


def factor_directions(
    w: Tensor,  # [M, w_dim]
    factors: np.ndarray,  # [M, P]
    names: Sequence[str],
) -> tuple[Direction, ...]:
    """How w changes on average as one factor goes up by 1 and the others stay: linear least squares, damped.

    Factors that seldom change alone, such as the angles of a leg's joints, may drag each other along: what
    hardly ever happens is far from what a generator can draw. Factors that never change are left out.
    """
    known, codes = torch.from_numpy(np.asarray(factors, np.float64)), w.double()
    moves = known.var(dim=0) > 1e-12
    known = known[:, moves]
    vectors = _regress_damped(known, codes)  # [P, w_dim]
    readout = _regress(codes, known)  # [w_dim, P]
    left = (known - known.mean(dim=0) - (codes - codes.mean(dim=0)) @ readout).square().mean(dim=0)
    shares = (1 - left / known.var(dim=0, correction=0)).clamp(0, 1).tolist()
    kept = [name for name, moving in zip(names, moves.tolist(), strict=True) if moving]
    return tuple(
        Direction(name, "factor", vector.float(), share)
        for name, vector, share in zip(kept, vectors, shares, strict=True)
    )


def _regress_damped(x: Tensor, y: Tensor) -> Tensor:
    """The slopes [A, B] of y [M, B] on x [M, A], each column of which is pulled to be explained by itself.

    Ridge regression (Hoerl & Kennard 1970) on columns of variance 1, scaled so that a column that has nothing
    to do with the others keeps its slope.
    """
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    deviation = x.std(dim=0, correction=0)
    x = x / deviation
    system = x.T @ x / len(x) + RIDGE * torch.eye(x.shape[1], dtype=x.dtype)
    slopes: Tensor = (1 + RIDGE) * torch.linalg.solve(system, x.T @ y / len(x))
    return slopes / deviation[:, None]


def _regress(x: Tensor, y: Tensor) -> Tensor:
    """The slopes [A, B] of y [M, B] on x [M, A]; of columns that say the same, the smallest."""
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    solution: Tensor = torch.linalg.pinv(x.T @ x, rtol=1e-10, hermitian=True) @ (x.T @ y)
    return solution


def directions_file(checkpoint: str | Path) -> Path:
    """Where the directions of a checkpoint's file are kept: beside it."""
    checkpoint = Path(checkpoint)
    return checkpoint.with_name(checkpoint.stem + DIRECTIONS_SUFFIX)


def save_directions(
    directions: Sequence[Direction], digest: str, path: str | Path, force: bool = False
) -> Path:
    """Write directions of the generator with this digest. Raises OutputError as all outputs do."""
    path = Path(path)
    about = [{"name": one.name, "kind": one.kind, "share": round(one.share, 4)} for one in directions]
    metadata = {"format": FORMAT, "generator": digest, "directions": about}
    vectors = torch.stack([one.vector for one in directions]) if directions else torch.zeros(0, 0)
    content = save({"vectors": vectors.contiguous()}, {_METADATA: json.dumps(metadata)})
    with output_file(path, force) as temporary, writing(path):
        temporary.write_bytes(content)
    return path


def load_directions(path: str | Path, generator: Generator) -> tuple[Direction, ...]:
    """Read the directions of a generator.

    Raises CheckpointError for a file that is missing, damaged, of another kind or of another generator.

    Example: `load_directions("mira.directions.safetensors", load_generator("mira"))`.
    """
    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})[_METADATA])
            vectors = file.get_tensor("vectors").float()
        if metadata["format"] != FORMAT:
            raise CheckpointError(
                f"{path}: format {one_line(metadata['format'], 20)}; this previz reads format {FORMAT}"
            )
        digest = metadata["generator"]
        directions = tuple(
            Direction(str(about["name"]), about["kind"], vector, float(about["share"]))
            for about, vector in zip(metadata["directions"], vectors, strict=True)
        )
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such file; `previz model directions` makes it") from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: not a file of directions ({one_line(error)})") from None
    if digest != generator.digest or (directions and vectors.shape[1:] != (generator.w_dim,)):
        raise CheckpointError(
            f"{path}: made of another generator ({one_line(digest, 20)}, not {generator.digest}); "
            "make it again with `previz model directions CHECKPOINT --force`"
        )
    if not bool(torch.isfinite(vectors).all()):
        raise CheckpointError(f"{path}: holds values that are not finite")
    return directions


def find_directions(
    names: Sequence[str], generator: Generator, checkpoint: Path | None
) -> dict[str, Direction]:
    """The directions of these names, from the file beside the checkpoint, if there is one of either.

    Principal components that it lacks are computed, which takes about a second. Raises CheckpointError for a
    name that is neither, and as `load_directions` does.
    """
    file = None if checkpoint is None else directions_file(checkpoint)
    known = {one.name: one for one in load_directions(file, generator)} if file and file.is_file() else {}
    missing = [name for name in names if name not in known]
    numbers = [int(found[1]) if (found := _COMPONENT.fullmatch(name)) else 0 for name in missing]
    for name, number in zip(missing, numbers, strict=True):
        if not 1 <= number <= generator.w_dim:
            raise CheckpointError(_unknown(name, known, generator, file))
    if missing:
        known |= {
            one.name: one for one in component_directions(generator, max(numbers)) if one.name in missing
        }
    return {name: known[name] for name in names}


def _unknown(name: str, known: dict[str, Direction], generator: Generator, file: Path | None) -> str:
    named = [other for other in known if not _COMPONENT.fullmatch(other)]
    near = difflib.get_close_matches(name, named, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    listed = ", ".join([*named, f"pc1 to pc{generator.w_dim}"])
    more = "" if named or file is None else f"; `previz model directions` finds others, kept in {file}"
    return f"{one_line(name)!r} is not a direction{hint} There are {listed}{more}"
