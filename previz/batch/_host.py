"""Who a worker is, and whether a process of this machine is still there."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Worker:
    """One worker process, as the state knows it.

    Attributes:
        name: its own, different for every worker that there ever was.
        host: the machine's name, for people.
        machine: what tells machines and containers apart, whatever they are called.
        pid: of the process.
        device: what it solves on.
    """

    name: str
    host: str
    machine: str
    pid: int
    device: str


def this_worker(device: str) -> Worker:
    """This process as a worker that solves on `device`."""
    host = socket.gethostname()
    name = f"{host}-{os.getpid()}-{secrets.token_hex(4)}"
    return Worker(name, host, this_machine(), os.getpid(), device)


def this_machine() -> str:
    """A text that is the same for processes that see each other's ids, and different for all others.

    It is the boot and the process namespace on Linux: two containers of one name don't see each other.
    """
    parts = [socket.gethostname(), f"{uuid.getnode():x}"]
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        parts = [boot, str(Path("/proc/self/ns/pid").readlink())]
    return " ".join(parts)


def is_alive(pid: int) -> bool:
    """Whether there is a process with this id on this machine, other than a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return True
