"""In which numbers latent IK runs the generator; all that is no network is computed in float32 or better."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from previz.errors import SolveError

PRECISIONS = ("auto", "fp32", "tf32", "bf16")


def resolve_precision(precision: str, device: torch.device) -> str:
    """What "auto" is on a device: tf32 where there is CUDA, else fp32.

    Raises SolveError for tf32 where there is none.
    """
    if precision == "auto":
        return "tf32" if device.type == "cuda" else "fp32"
    if precision == "tf32" and device.type != "cuda":
        raise SolveError(
            f"solver.precision: tf32 is of CUDA devices, and the generator is on {device.type}; "
            "use fp32, bf16 or auto"
        )
    return precision


def running(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """While this holds, networks compute in bfloat16, if that is the precision."""
    if precision != "bf16":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


@contextmanager
def repeatable(device: torch.device, precision: str = "auto") -> Iterator[None]:
    """cuDNN may choose among algorithms that add in another order on every run; not while this holds.

    It rounds what it multiplies to TensorFloat-32 only if that is the precision.
    """
    if device.type != "cuda":
        yield
        return
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32
    cudnn.deterministic, cudnn.benchmark = True, False
    cudnn.allow_tf32, matmul.allow_tf32 = resolve_precision(precision, device) == "tf32", False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = before
