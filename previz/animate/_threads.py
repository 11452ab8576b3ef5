"""CPU threads: how many there is room for, and how many a solve computes with.

Sums that are split among threads in another way come out in other bits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def usable_cores() -> int:
    """How many cores this process may use, by its affinity and its control group."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return count if quota == "max" else max(1, min(count, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return count
