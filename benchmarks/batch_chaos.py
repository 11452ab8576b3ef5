"""A shot list whose workers are killed at random: does everything finish, bit for bit, rendered once?

    python benchmarks/batch_chaos.py --shots 40 --workers 2 --every 3
    python benchmarks/batch_chaos.py --shots 40 --workers 2 --frames-between 30    # on a busy machine

It makes a folder with a small generator and a list of short shots, solves each alone for comparison, runs the
list while worker processes are killed (SIGKILL) again and again, and prints what came of it as JSON.

Needless work is counted in two ways. A frame that a shot's log tells of as solved was kept before, so that it
may never be solved again: `frames_solved_twice` are those that were all the same, counted shot by shot and
frame by frame. A shot is started again because its worker died: `needless_starts` are the starts beyond one a
shot and one a death. Only the frame that a killed worker had under way is done again, and no log tells of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from previz import Generator, GeneratorConfig, Take, probe_video, save_generator, solve
from previz.batch import ShotPlan, State, open_state, plan_list
from previz.errors import PrevizError
from previz.timeline import parse_timeline

FRAMES = 6
TIMELINE = f"""\
previz: 1
frames: 1001-{1000 + FRAMES}
character: {{checkpoint: tiny.safetensors, truncation: 1.0}}
handles:
  jaw: {{at: [12, 16], keys: {{1001: {{by: [0, 0]}}, {1000 + FRAMES}: {{by: [0, 4]}}}}}}
  nose: {{at: [22, 16], pin: true}}
solver: {{method: adam, learning_rate: 0.02, max_iterations: 20, tolerance: 0.1}}
"""


def make_list(folder: Path, shots: int) -> Path:
    """A generator of 32 px, a timeline and a list of takes of it."""
    torch.manual_seed(0)
    shape = {"resolution": 32, "z_dim": 16, "w_dim": 16, "channels": (256, 16), "mapping_layers": 2}
    generator = Generator(GeneratorConfig(**shape)).eval().requires_grad_(False)
    save_generator(generator, folder / "tiny.safetensors", {"name": "tiny"}, dtype=torch.float32)
    (folder / "nod.yaml").write_text(TIMELINE)
    fields = {"timeline": "nod.yaml", "matrix": {"seed": list(range(shots))}}
    data = {"previz": 1, "output": str(folder / "out"), "shots": {"sh": fields}}
    (folder / "shots.yaml").write_text(yaml.safe_dump(data))
    return folder / "shots.yaml"


def run_and_kill(
    plan: ShotPlan, path: Path, workers: int, every: float, between: int | None, seed: int
) -> dict[str, Any]:
    """Run the list, kill one of its workers about every so many seconds or frames, and count."""
    draw = random.Random(seed)
    command = [sys.executable, "-m", "previz", "batch", "run", str(path), "--device", "cpu"]
    began = time.monotonic()
    process = subprocess.Popen([*command, "--jobs", str(workers)], stderr=subprocess.DEVNULL)
    kills, following, at = 0, began + every, between or 0
    state: State | None = None
    while process.poll() is None:
        time.sleep(0.05)
        if between is None and time.monotonic() < following:
            continue
        if state is None and plan.database.is_file():
            with suppress(PrevizError):  # it is being made
                state = open_state(plan.database)
        rows = state.rows() if state else ()
        running = [row.pid for row in rows if row.status == "running"]
        done = sum(row.frames_total if row.status == "done" else row.frames_done for row in rows)
        if running and (between is None or done >= at):
            os.kill(draw.choice(running), signal.SIGKILL)
            kills, at = kills + 1, done + draw.randint(1, 2 * (between or 1) - 1)
            following = time.monotonic() + every * draw.uniform(0.5, 1.5)
    return {"exit_code": process.returncode, "kills": kills, "seconds": round(time.monotonic() - began, 1)}


def solved_frames(log: Path) -> Counter[str]:
    """How often a shot's log tells of each frame as solved."""
    return Counter(re.findall(r"\] frame (\d+) ", log.read_text(encoding="utf-8")))


def judge(plan: ShotPlan) -> dict[str, Any]:
    """Compare the takes with solves that nobody disturbed, and look for what should not be there."""
    state = open_state(plan.database)
    rows, runs = state.rows(), state.runs()
    generator, equal, whole = None, 0, 0
    for shot in plan.shots:
        if generator is None:
            from previz import load_generator

            generator = load_generator(shot.checkpoint)
        alone = solve(parse_timeline(shot.timeline), generator)
        try:
            equal += np.array_equal(Take.load(shot.outputs.take).latents, alone.latents)
            whole += probe_video(shot.outputs.clip).frames == len(shot.frames)
        except PrevizError as error:
            print(error, file=sys.stderr)
    solved = [solved_frames(shot.outputs.log) for shot in plan.shots]
    died = sum(run["outcome"] == "died" for run in runs)
    return {
        "shots": len(rows),
        "done": sum(row.status == "done" for row in rows),
        "equal_bit_for_bit": equal,
        "whole_clips": whole,
        "half_written": [str(path) for path in plan.folder.rglob(".*")],
        "left_partial": [str(path) for path in plan.folder.rglob("*.partial")],
        "starts": len(runs),
        "died": died,
        "needless_starts": len(runs) - len(rows) - died,
        "finished_twice": sum(run["outcome"] == "done" for run in runs) - len(rows),
        "frames": sum(shot.solves for shot in plan.shots),
        "frames_told_of": sum(map(len, solved)),
        "frames_solved_twice": sum(count - 1 for frames in solved for count in frames.values()),
    }


def main() -> None:
    """Run it once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two kills, about")
    parser.add_argument(
        "--frames-between", type=int, help="frames between two kills instead, about, whatever else runs"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = make_list(Path(folder), options.shots)
        plan = plan_list(path)
        told = run_and_kill(plan, path, options.workers, options.every, options.frames_between, options.seed)
        print(json.dumps({**vars(options), **told, **judge(plan)}, indent=2))


if __name__ == "__main__":
    main()
