"""How many CPU threads a solve computes with: sums that are split in another way come out in other bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from previz.errors import SolveError


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Have torch compute with so many threads while this holds. Raises SolveError for less than one."""
    if count < 1:
        raise SolveError(f"threads: {count} is below the least, 1")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
