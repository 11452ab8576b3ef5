#!/usr/bin/env python3
"""Set previz up in a virtual environment of its own, then run it, or its tests.

    python3 start.py render timelines/smile.yaml   any previz command, with its options
    python3 start.py test                          the checks and tests that CI runs; more words go to pytest
    python3 start.py setup                         only set up

The first run needs the network and some minutes; from then on it works offline. Everything is put in .venv,
beside this file; removing that folder undoes it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "previz-setup.txt"
NEEDED = (3, 11)
TEST_EXTRAS = ("cast", "dev", "editorial", "ray", "slurm")

CHECKS = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy", ("mypy",)),
    ("pytest", ("pytest",)),
)


def main(arguments: list[str]) -> int:
    """Set up what the arguments need, run them, and return the exit code."""
    if sys.version_info < NEEDED:
        found = f"{dotted(sys.version_info[:3])}, {sys.executable}"
        return fail(f"Python {dotted(NEEDED)} or newer is needed; this is {found}")
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    problem = set_up(TEST_EXTRAS if arguments[0] == "test" else ())
    if problem:
        return fail(problem)
    if arguments[0] == "setup":
        return 0
    if arguments[0] == "test":
        return run_checks(arguments[1:])
    return become(venv_python(), "-m", "previz", *arguments)


def set_up(extras: tuple[str, ...]) -> str:
    """Make the environment and install previz in it, unless that is done; return what went wrong."""
    digest = inputs_digest()
    done = read_stamp(digest)
    if done is not None and set(extras) <= done and works(venv_python()):
        return ""
    wanted = sorted(set(extras) | (done or set()))
    if not works(venv_python()):
        problem = make_venv()
        if problem:
            return problem
    say(f"installing previz and what it needs in {VENV} (once; PyTorch makes it some minutes)")
    STAMP.unlink(missing_ok=True)
    target = f"{ROOT}[{','.join(wanted)}]" if wanted else str(ROOT)
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if run(venv_python(), *pip, "-c", ROOT / "constraints.txt", "-e", target) != 0:
        return (
            "installing failed; pip's own words are above. The first run needs the network, or a mirror that "
            "pip is set up for. Run the same command again to go on"
        )
    STAMP.write_text("\n".join([digest, *wanted]) + "\n", encoding="utf-8")
    say("set up; from now on this works offline")
    return ""


def make_venv() -> str:
    """Make a fresh environment; return what went wrong."""
    say(f"making a virtual environment in {VENV}")
    if VENV.exists():
        shutil.rmtree(VENV)
    if run(sys.executable, "-m", "venv", VENV) != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        return "making a virtual environment failed; on Debian and Ubuntu, `apt install python3-venv` first"
    return ""


def run_checks(arguments: list[str]) -> int:
    """Run every check, so that one run tells all that is wrong; return 1 if any failed."""
    failed = []
    for name, (module, *options) in CHECKS:
        say(name)
        if (
            run(venv_python(), "-m", module, *options, *(arguments if name == "pytest" else ()), folder=ROOT)
            != 0
        ):
            failed.append(name)
    return fail(f"failed: {', '.join(failed)}", 1) if failed else 0


def read_stamp(digest: str) -> set[str] | None:
    """The extras that are installed, or None where nothing is, or something else."""
    if not STAMP.is_file():
        return None
    first, *extras = STAMP.read_text(encoding="utf-8").split() or [""]
    return set(extras) if first == digest else None


def inputs_digest() -> str:
    """A hash that changes when another set-up is needed: other requirements, or another place."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def venv_python() -> Path:
    """The environment's interpreter."""
    return VENV / "Scripts" / "python.exe" if os.name == "nt" else VENV / "bin" / "python"


def works(python: Path) -> bool:
    """Tell whether an interpreter starts; one whose Python was removed or updated away does not."""
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def run(*command: str | Path, folder: Path | None = None) -> int:
    """Run a program to its end and return its exit code; 130 where it was interrupted."""
    process = subprocess.Popen([str(part) for part in command], cwd=folder)
    while True:
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:
            pass  # the terminal has told the program too, and it tidies up before it ends


def become(*command: str | Path) -> int:
    """Hand over to a program, so that signals reach it; where that can't be done, run it."""
    if os.name != "nt":
        os.execv(command[0], [str(part) for part in command])
    return run(*command)


def dotted(version: tuple[int, ...]) -> str:
    """Write a version as 3.11."""
    return ".".join(map(str, version))


def say(line: str) -> None:
    """Tell what is going on, apart from what the program that is run prints."""
    print(f"start: {line}", file=sys.stderr, flush=True)


def fail(line: str, code: int = 2) -> int:
    """Tell what went wrong and return the exit code."""
    say(line)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
