"""How well the sample timelines are solved: error, arrival, jitter and time, for each solver, in one run.

Every timeline is solved from nothing with each method, on the device given, in a process with one CPU thread
unless --threads says otherwise; decoding and encoding are not timed. Seconds are wall time of the solve.
Lengths are pixels of the character's picture. `jitter` is the mean second difference of the tracked handles
where their targets hold still, `shake` the mean second difference of what lies between handle and target.

    python -m benchmarks.sample_timelines --methods ik,adam --json samples.json
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch

import previz

COLUMNS = ("error_mean", "error_max", "within_tolerance", "jitter", "smoothness", "seconds_per_frame")
HEADS = ("mean error px", "max error px", "frames within", "jitter px", "shake px", "s a frame")


def main() -> None:
    """Solve, print a Markdown table, and write the figures as JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("timelines", nargs="*", default=sorted(map(str, Path("timelines").glob("*.yaml"))))
    parser.add_argument("--methods", default="ik", help="solvers, with commas between")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = []
    print("| timeline | solver | " + " | ".join(HEADS) + " | iterations a frame |")
    print("|---" * (len(HEADS) + 3) + "|")
    for path in arguments.timelines:
        for method in arguments.methods.split(","):
            row = measure(path, method, arguments.device)
            rows.append(row)
            cells = [" " if row[key] is None else f"{row[key]:.3g}" for key in COLUMNS]
            cells.append(f"{row['iterations'] / row['frames']:.1f}")
            print(f"| {row['timeline']} | {method} | " + " | ".join(cells) + " |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def measure(path: str, method: str, device: str) -> dict[str, float]:
    """The summary of one take, with its timeline and solver."""
    content = previz.load_timeline(path).to_dict()
    content["solver"] = {**content.get("solver", {}), "method": method}
    timeline = previz.parse_timeline(content, name=Path(path).stem)
    generator = previz.load_generator(timeline.checkpoint, device)
    take = previz.solve(timeline, generator)
    return {"timeline": Path(path).stem, "solver": method, "device": device, **asdict(take.summary())}


if __name__ == "__main__":
    main()
