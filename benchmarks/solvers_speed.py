"""CPU seconds and memory of an iteration of latent IK against one of the reference's way of working.

Method. As `benchmarks.bench_reference_loop`, whose faithful loop it runs beside: random config-f weights,
block 6, six layers, each leg in a process of its own, legs alternating, means over iterations and rounds
without the first. Three handles. `fresh` takes derivatives in each iteration of latent IK; `reused` is with
the default settings, which use a Jacobian again where it predicted well. The faithful loop keeps its two
handles, which cost it next to nothing.

    python -m benchmarks.solvers_speed --sizes 1024 --iterations 3 --json renders/solvers_speed.json
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import resource
import statistics
from pathlib import Path
from typing import Any

import torch

from benchmarks.bench_reference_loop import BLOCK, clocks, half_mask, random_generator, reference_leg
from previz.drag import DragSettings, IKSettings, drag, make_reference


def ik_leg(size: int, iterations: int, masked: bool, marks: list[tuple[float, float]], reuse: float) -> None:
    """Iterations of latent IK, a mark at each."""
    generator = random_generator(size).requires_grad_(False)
    w = generator.sample_w(1)[0]
    handles = torch.tensor([[0.4, 0.45], [0.6, 0.55], [0.5, 0.6]]) * size
    ik = IKSettings(reuse=reuse, max_iterations=iterations, stall_window=iterations + 1)
    settings = DragSettings(method="ik", block=BLOCK, ik=ik)
    reference = make_reference(generator, w, handles, settings)
    mask = half_mask(size) if masked else None
    targets = handles + 0.2 * size
    drag(generator, w, handles, targets, reference, settings, mask, callback=lambda _: marks.append(clocks()))


def run_leg(name: str, size: int, iterations: int, masked: bool) -> dict[str, Any]:
    """One leg in this process."""
    torch.set_num_threads(1)
    marks: list[tuple[float, float]] = []
    if name == "reference":
        reference_leg(size, iterations, masked, marks)
    else:
        ik_leg(size, iterations, masked, marks, 0.0 if name == "fresh" else IKSettings().reuse)
    steps = list(itertools.pairwise(marks[1:]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"cpu": [after[0] - before[0] for before, after in steps], "peak": peak}


def main() -> None:
    """Print a Markdown table, and write the figures as JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[256])
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--mask", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    context = multiprocessing.get_context("spawn")
    print("| size | mask | way | CPU s an iteration | peak GiB |\n|---|---|---|---|---|")
    for size in options.sizes:
        legs: dict[str, list[dict[str, Any]]] = {"reference": [], "fresh": [], "reused": []}
        for _ in range(options.rounds):
            for name, runs in legs.items():
                with context.Pool(1) as pool:
                    runs.append(pool.apply(run_leg, (name, size, options.iterations, options.mask)))
        for name, runs in legs.items():
            cpu = statistics.fmean(step for run in runs for step in run["cpu"])
            row = {"size": size, "masked": options.mask, "way": name, "cpu": cpu}
            row["peak"] = max(run["peak"] for run in runs)
            rows.append(row)
            print(f"| {size} | {options.mask} | {name} | {cpu:.2f} | {row['peak']:.2f} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
