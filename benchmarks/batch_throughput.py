"""Shots an hour: `previz render` in a shell loop against `previz batch run` with one worker and with two.

python benchmarks/batch_throughput.py --shots 6 --frames 12 --checkpoint mira
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

TIMELINE = """\
previz: 1
frames: 1001-{last}
canvas: 256
character: {{checkpoint: {checkpoint}, seed: 9, truncation: 0.7}}
handles:
  mouth_left: {{at: [100, 176], keys: {{1001: {{by: [0, 0]}}, {last}: {{by: [-9, -9]}}}}}}
  mouth_right: {{at: [151, 176], keys: {{1001: {{by: [0, 0]}}, {last}: {{by: [9, -9]}}}}}}
  nose: {{at: [127, 150], pin: true}}
"""


def timed(*commands: list[str]) -> tuple[float, float]:
    """Seconds that commands take, one after the other: by the clock, and of all their processes' cores."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    began, before = time.monotonic(), _cores()
    for command in commands:
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=environment)
    return time.monotonic() - began, _cores() - before


def _cores() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run all three once, and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=6)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--checkpoint", default="mira")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    previz = [sys.executable, "-m", "previz"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        text = TIMELINE.format(last=1000 + options.frames, checkpoint=options.checkpoint)
        names = [f"sh{index:03}" for index in range(options.shots)]
        for name in names:
            (folder / f"{name}.yaml").write_text(text)
        data = {"previz": 1, "shots": {name: {"timeline": f"{name}.yaml"} for name in names}}
        (folder / "shots.yaml").write_text(yaml.safe_dump(data))
        rest = ["--device", options.device]
        loop = [
            [*previz, "render", str(folder / f"{name}.yaml"), "-o", str(folder / f"loop/{name}.mp4"), *rest]
            for name in names
        ]
        seconds = {"render in a shell loop": timed(*loop)}
        for jobs in (1, 2):
            run = [*previz, "batch", "run", str(folder / "shots.yaml"), "--jobs", str(jobs), *rest]
            seconds[f"batch, {jobs} workers"] = timed([*run, "-o", str(folder / f"batch{jobs}")])
    told = {
        name: {
            "seconds": round(spent, 1),
            "shots_an_hour": round(options.shots / spent * 3600),
            "core_seconds_a_shot": round(cores / options.shots, 1),
        }
        for name, (spent, cores) in seconds.items()
    }
    print(json.dumps({**vars(options), **told}, indent=2))


if __name__ == "__main__":
    main()
