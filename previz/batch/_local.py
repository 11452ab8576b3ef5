"""A list on this machine: a worker process a GPU, or one for so many cores, kept going until all is done."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from previz.animate import usable_cores
from previz.batch._database import is_full
from previz.batch._rows import Row
from previz.batch._state import State
from previz.batch._types import BatchError
from previz.errors import OutputError

Watch = Callable[[tuple[Row, ...]], None]
"""Told all rows again and again, at least once a second, and once more when all is over."""

EXIT_USER, EXIT_INTERRUPTED = 2, 130
_POLL = 0.5  # seconds between looks at the state
_GRACE = 30.0  # seconds that a worker has to put its shot back, before it is killed
_SIDE_BY_SIDE = 4  # shots that keep a GPU busy, until it is measured
_QUICK, _MOST_QUICK = 20.0, 4  # a worker that dies so soon, so often in a row, isn't started again


@dataclass(frozen=True)
class LocalOptions:
    """How a list is run on this machine.

    Attributes:
        devices: one for each worker: ("cuda:0", "cuda:1"), ("cpu", "cpu").
        threads: that each solves with on a CPU.
        overlap: write a shot while the next one is being solved; None does where the device is a GPU.
        only: ids of the shots to work on; None is all.
        together: how many shots of one checkpoint a worker solves side by side; None is `default_together`.
    """

    devices: Sequence[str] = ("cpu",)
    threads: int = 1
    overlap: bool | None = None
    only: frozenset[str] | None = None
    together: int | None = None


@dataclass
class _Slot:
    """A place for a worker: its process, and how often in a row it died soon after it was started."""

    number: int
    device: str
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    said: int = 0  # length of its log before this process
    quick_deaths: int = 0
    ended: bool = False


def run_local(state: State, options: LocalOptions, watch: Watch) -> tuple[Row, ...]:
    """Work on a list with worker processes until nothing is left to do, and return its rows.

    A worker that dies is replaced. Raises OutputError or BatchError, once the others have been stopped, where
    the outputs can't be written any more or workers can't be kept alive; at KeyboardInterrupt all workers put
    their shots back first.
    """
    logs = state.path.parent / "logs"
    options = _with_together(options, state)
    slots = [
        _Slot(number, device, logs / f"worker-{number}.log")
        for number, device in enumerate(options.devices, 1)
    ]
    try:
        for slot in slots:
            _start(slot, state.path, options)
        while not all(slot.ended for slot in slots):
            time.sleep(_POLL)
            watch(state.rows())
            for slot in slots:
                _look_after(slot, state, options)
    finally:
        _stop(slots)
        rows = _settled(state)
        watch(rows)
    return rows


def default_jobs(threads: int, gpus: int, shots: int) -> int:
    """How many workers suit this machine: one a GPU, or one for so many threads of the cores there are."""
    return max(1, min(shots, gpus or usable_cores() // max(1, threads)))


def default_together(device: str, shots: int | None = None, workers: int = 1) -> int:
    """How many shots a worker solves side by side: one on a CPU, which gains nothing by more.

    On a CUDA device four, but no more than there are for each of the workers.
    """
    if not device.startswith("cuda"):
        return 1
    return _SIDE_BY_SIDE if shots is None else max(1, min(_SIDE_BY_SIDE, -(-shots // workers)))


def _with_together(options: LocalOptions, state: State) -> LocalOptions:
    if options.together is not None:
        return options
    shots = sum(
        row.status == "waiting" and (options.only is None or row.id in options.only) for row in state.rows()
    )
    return replace(options, together=default_together(options.devices[0], shots, len(options.devices)))


def _start(slot: _Slot, database: Path, options: LocalOptions) -> None:
    overlap = slot.device != "cpu" if options.overlap is None else options.overlap
    command = [sys.executable, "-m", "previz", "batch", "worker", str(database.parent)]
    command += ["--device", slot.device, "--threads", str(options.threads)]
    command += ["--together", str(options.together or 1)]
    command += ["--overlap" if overlap else "--no-overlap", "--parent", str(os.getpid())]
    for shot in sorted(options.only or ()):
        command += ["--shot", shot]
    # What a decoder or a library would start besides shall not take the other workers' cores.
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)} if slot.device == "cpu" else None
    try:
        slot.log.parent.mkdir(parents=True, exist_ok=True)
        with slot.log.open("ab") as log:
            slot.said = log.tell()
            slot.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches this process alone, which then stops its workers
            )
    except OSError as error:
        raise OutputError(f"{slot.log}: can't be written: {error.strerror or error}") from error
    slot.started = time.monotonic()


def _look_after(slot: _Slot, state: State, options: LocalOptions) -> None:
    """Notice a worker's end: nothing left to do, an error that stops all, or a death, and replace it."""
    if slot.ended or slot.process is None:
        return
    code = slot.process.poll()
    if code is None:
        return
    if code in (0, EXIT_INTERRUPTED):
        slot.ended = True
        return
    line = _last_line(slot)
    if not line and is_full(state.path.parent):  # its last words had no room; it may exit by any code then
        raise OutputError(f"{state.path.parent}: can't be written: No space left on device")
    if code == EXIT_USER:
        raise BatchError(line.removeprefix("previz: error: ") or f"a worker stopped; see {slot.log}")
    state.put_back_dead()
    slot.quick_deaths = slot.quick_deaths + 1 if time.monotonic() - slot.started < _QUICK else 0
    if slot.quick_deaths >= _MOST_QUICK and not any(row.solved for row in state.rows()):
        raise BatchError(f"workers die as soon as they start; the last one said: {line}")
    _start(slot, state.path, options)


def _stop(slots: Sequence[_Slot]) -> None:
    """Have the workers put their shots back, and end those that don't."""
    alive = [slot.process for slot in slots if slot.process is not None and slot.process.poll() is None]
    for process in alive:
        process.send_signal(signal.SIGTERM)
    until = time.monotonic() + _GRACE
    for process in alive:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settled(state: State) -> tuple[Row, ...]:
    """The rows, after those of workers that could not say so themselves are put back."""
    with contextlib.suppress(OutputError):  # a full disk, which is told of already
        state.put_back_dead()
    return state.rows()


def _last_line(slot: _Slot) -> str:
    """The last line that its worker has written, none of those before it."""
    try:
        with slot.log.open("rb") as file:
            file.seek(slot.said)
            lines = file.read().decode("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""
