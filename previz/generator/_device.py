"""Where a generator runs."""

from __future__ import annotations

import torch

from previz.errors import DeviceError


def pick_device(name: str) -> str:
    """The device that `auto` stands for, the first CUDA GPU or the CPU; any other name as it is."""
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def resolve_device(device: str | torch.device) -> torch.device:
    """The device that `device` names, if it is there; raises DeviceError otherwise."""
    try:
        resolved = torch.device(device)
    except RuntimeError:
        raise DeviceError(f"device {str(device)!r} is not one; use cpu, cuda, cuda:1 or mps") from None
    if resolved.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            raise DeviceError(f"device {resolved}: no CUDA device is available here; use cpu")
        if (resolved.index or 0) >= count:
            raise DeviceError(f"device {resolved}: there are {count} CUDA devices here, counted from 0")
    elif resolved.type == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("device mps: no Apple GPU is available here; use cpu")
    elif resolved.type != "cpu":
        raise DeviceError(f"device {resolved}: previz runs on cpu, cuda and mps")
    return resolved
