"""Hand-over hooks: a command of the studio's, run for each finished or failed shot with its JSON on stdin.

A hook is claimed like a shot, so that it is run once; one whose worker died under way is run again. Whatever
it does, its shot stays as it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from previz.batch._hook_rows import HookEvent, claim_hook, end_hook, list_facts
from previz.batch._host import Worker
from previz.batch._log import append_log
from previz.batch._report import shot_told
from previz.batch._rows import Row
from previz.batch._state import State

EVENTS: tuple[HookEvent, ...] = ("done", "failed")

_TOLD = 2000  # characters of a hook's output that go to the log


@dataclass(frozen=True)
class Hook:
    """A command to run.

    Attributes:
        event: for which shots: done, or failed for good.
        command: the program and its arguments; with `shell` one line for the system's shell.
        shell: whether it is.
        timeout: seconds after which it is killed.
        folder: where it is run: the list's.
    """

    event: HookEvent
    command: tuple[str, ...]
    shell: bool
    timeout: float
    folder: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-able data, which `hook_from` reads back."""
        return asdict(self)


@dataclass(frozen=True)
class HookRun:
    """How a hook went: its exit code, None where it was not run to its end, and what was wrong, one line."""

    code: int | None
    error: str | None
    output: str
    seconds: float


def hook_from(data: Mapping[str, Any]) -> Hook:
    """The hook that `Hook.to_dict` told of."""
    return Hook(**{**data, "command": tuple(data["command"])})


def run_owed_hooks(state: State, worker: Worker) -> None:
    """Run the hooks of all shots that are over and whose hook nobody has run yet.

    Raises OutputError where the state can't be written.
    """
    facts, folder = list_facts(state), state.path.parent.absolute()
    hooks = {hook.event: hook for hook in map(hook_from, facts.get("hooks", ()))}
    told_list = {name: facts.get(name) for name in ("name", "source", "show", "sequence")}
    while hooks:
        owed = claim_hook(state, tuple(hooks), worker)
        if owed is None:
            return
        row, event = owed
        payload = {"event": event, "list": told_list, **_payload(row, folder)}
        told = run_hook(hooks[event], payload, _environment(row, event, folder))
        end_hook(state, row, event, told.code, told.error, told.seconds)
        said = f"hook {event}: {told.error or 'exit code 0'} ({told.seconds:.1f} s)"
        append_log(row.planned.outputs.log, row.attempt, f"{said}\n{told.output}".rstrip())


def run_hook(hook: Hook, payload: Mapping[str, Any], environment: Mapping[str, str]) -> HookRun:
    """Run a hook with JSON on its stdin; whatever happens to it is told, not raised."""
    began = time.monotonic()
    text = json.dumps(payload).encode()
    try:
        with subprocess.Popen(
            hook.command[0] if hook.shell else hook.command,
            shell=hook.shell,
            cwd=hook.folder,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that what it starts ends with it
        ) as process:
            try:
                output, _ = process.communicate(text, timeout=hook.timeout)
            except subprocess.TimeoutExpired:
                _end(process)
                output, _ = process.communicate()
                error: str | None = f"killed after {hook.timeout:g} s"
                return HookRun(None, error, _tail(output), time.monotonic() - began)
            except BaseException:
                _end(process)
                raise
    except OSError as error_of_system:
        reason = error_of_system.strerror or str(error_of_system)
        where = hook.folder if error_of_system.filename == hook.folder else hook.command[0]
        return HookRun(None, f"can't be started: {where}: {reason}", "", time.monotonic() - began)
    code = process.returncode
    error = f"exit code {code}" if code else None
    return HookRun(code, error, _tail(output), time.monotonic() - began)


def split_command(text: str) -> tuple[str, ...]:
    """A command line's words, as a shell splits them, and no more of a shell. Raises ValueError."""
    return tuple(shlex.split(text))


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _tail(output: bytes) -> str:
    return output.decode("utf-8", errors="replace").strip()[-_TOLD:]


def _payload(row: Row, folder: Path) -> dict[str, Any]:
    """The shot as report.json has it, with absolute places."""
    outputs = {name: str(path) for name, path in vars(row.planned.outputs).items()}
    return {"folder": str(folder), **shot_told(row, folder).model_dump(mode="json"), "outputs": outputs}


def _environment(row: Row, event: HookEvent, folder: Path) -> dict[str, str]:
    outputs = row.planned.outputs
    return {
        "PREVIZ_EVENT": event,
        "PREVIZ_SHOT": row.id,
        "PREVIZ_ATTEMPT": str(row.attempt),
        "PREVIZ_FOLDER": str(folder),
        "PREVIZ_CLIP": str(outputs.clip),
        "PREVIZ_REPORT": str(outputs.report),
    }
