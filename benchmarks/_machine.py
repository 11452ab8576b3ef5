"""Where a run was measured: machine, versions, and what memory and multiplications it can do."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks._suite import Record

__all__ = ["PeakMemory", "commit", "machine", "matrix_rate", "peak_memory"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def machine(device: str) -> Record:
    """Processor, threads and versions."""
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else _processor()
    return {
        "device": device,
        "processor": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "platform": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    """What the processor calls itself, on Linux; elsewhere what Python knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str:
    """The commit of this checkout, followed by + where files differ from it; empty where git can't tell."""
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        head = git("rev-parse", "--short=12", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
    except OSError:
        return ""
    return head + ("+" if head and changed else "")


@dataclass
class PeakMemory:
    """GiB in use at the worst moment, the weights and the libraries counted; None where it can't be told."""

    gib: float | None = None


@contextmanager
def peak_memory(device: torch.device | str = "cpu") -> Iterator[PeakMemory]:
    """Watch the memory of this process, or of a GPU, while the block runs.

    The system's own mark of the highest use is set back first, and memory that is free but not given back is
    given back, so that one block doesn't show in the next one's figure. On a CPU this needs Linux.
    """
    seen, device = PeakMemory(), torch.device(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield seen
        seen.gib = torch.cuda.max_memory_allocated(device) / 2**30
        return
    possible = _set_back()
    yield seen
    seen.gib = _highest() if possible else None


def _set_back() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        ctypes.CDLL(None).malloc_trim(0)
        _CLEAR.write_text("5", encoding="ascii")
    except (OSError, AttributeError):
        return False
    return True


def _highest() -> float | None:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 2**20
    return None


def matrix_rate(device: torch.device | str = "cpu", size: int = 1024, rounds: int = 8) -> float:
    """Floating point operations a second of a product of two float32 matrices [size, size], 2 · size³ each.

    The fastest of `rounds`; CPU seconds on a CPU, so that other work on the machine counts little.
    """
    device = torch.device(device)
    draw = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, size, generator=draw).to(device) for _ in range(2))
    best = float("inf")
    for _ in range(rounds):
        start = clock(device)
        torch.mm(a, b)
        best = min(best, max(clock(device) - start, 1e-9))
    return 2 * size**3 / best


def clock(device: torch.device) -> float:
    """CPU seconds of this process, or wall seconds once a GPU has finished what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return time.process_time()
