"""Seconds and memory of one drag iteration: the reference implementation's way against previz's.

Method. Random-weight StyleGAN2 generators (config-f channels), two handles, block 6, first six layers of W+,
Adam. Both ways run the same network code on the same seed in the same run, each leg in a process of its own
so that its peak memory is its own, legs alternating so that a busy machine disturbs both. What is timed is
one iteration to the next, the median over iterations and rounds, without the first; CPU seconds are of all
threads.

- *reference*: what DragGAN's published code does in an iteration, written here from its description: the
whole picture is
  synthesised, the feature map is resized to the picture, handles are whole pixels searched in a window, the
  disc is read by grid_sample, the mask term is taken over the whole picture, and backward computes the
  gradients of all weights.
- *previz*: `previz.drag.drag`, that is, frozen weights, nothing beyond the feature block, features sampled
where needed.

The reference leg uses this project's unfused modulated convolution, which is faster in the backward pass than
the fused one that the published code uses; the ratio is thus a lower bound.

`--sampling` times instead the deterministic bilinear gather against grid_sample, forward and backward, on a
block 6 map.

    python benchmarks/bench_reference_loop.py --sizes 256 512 --iterations 5 --rounds 2 --json
    renders/loop.json
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from previz.drag import DragSettings, drag, make_reference, sample_features
from previz.generator import Generator, GeneratorConfig
from previz.geometry import pixel_centres, to_grid_sample

BLOCK, LAYERS = 6, 6


def random_generator(size: int) -> Generator:
    """Config-f of this size, the same weights on every call."""
    torch.manual_seed(0)
    return Generator(GeneratorConfig(resolution=size)).eval()


def handles_and_targets(size: int) -> tuple[Tensor, Tensor]:
    """Two handles [2, 2] and targets too far to be reached, image pixels."""
    handles = torch.tensor([[0.4, 0.45], [0.6, 0.55]]) * size
    return handles, handles + 0.2 * size


def half_mask(size: int) -> Tensor:
    """The right half is fixed: [size, size], 1 = movable."""
    mask = torch.ones(size, size)
    mask[:, size // 2 :] = 0
    return mask


def previz_leg(size: int, iterations: int, masked: bool, marks: list[tuple[float, float]]) -> None:
    """Iterations of previz, a mark at each."""
    generator = random_generator(size).requires_grad_(False)
    w = generator.sample_w(1)[0]
    handles, targets = handles_and_targets(size)
    settings = DragSettings(
        method="adam", max_iterations=iterations, stall_window=iterations + 1, block=BLOCK
    )
    reference = make_reference(generator, w, handles, settings)
    mask = half_mask(size) if masked else None
    drag(generator, w, handles, targets, reference, settings, mask, callback=lambda _: marks.append(clocks()))


def reference_leg(size: int, iterations: int, masked: bool, marks: list[tuple[float, float]]) -> None:
    """Iterations that do what the published code does, a mark at each."""
    generator, mask = random_generator(size), half_mask(size) if masked else None
    handles, targets = handles_and_targets(size)
    faithful_loop(
        generator, generator.sample_w(1), handles, targets, mask, iterations, lambda: marks.append(clocks())
    )


def faithful_loop(
    generator: Generator,
    start: Tensor,  # [1, num_ws, w_dim]
    handles: Tensor,  # [N, 2] image pixels
    targets: Tensor,  # [N, 2] image pixels
    mask: Tensor | None,  # [H, W], 1 = movable
    iterations: int,
    mark: Callable[[], object],
) -> None:
    """The reference implementation's way: square pictures, gradients of all weights, a mark an iteration."""
    generator, size = generator.requires_grad_(True), generator.width
    kept: list[Tensor] = []
    conv = generator.synthesis.block(BLOCK).conv1
    hook = conv.register_forward_hook(lambda module, inputs, output: kept.append(output))
    moving = start[:, :LAYERS].clone().requires_grad_()
    optimiser = torch.optim.Adam([moving], lr=2e-3)
    first: Tensor | None = None
    for _ in range(iterations + 1):
        kept.clear()
        generator.synthesis(torch.cat([moving, start[:, LAYERS:]], dim=1))
        features = torch.nn.functional.interpolate(kept[0], size=(size, size), mode="bilinear")
        if first is None:
            first = features.detach()
            looks = [first[0, :, int(y), int(x)] for x, y in handles.tolist()]
        handles = torch.stack([find(features, h, look, size) for h, look in zip(handles, looks, strict=True)])
        mark()
        loss = sum_of_shifts(features, handles, targets, size)
        if mask is not None:
            fixed = 1 - mask
            loss = loss + 20 * torch.nn.functional.l1_loss(features * fixed, first * fixed)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    hook.remove()


def find(features: Tensor, handle: Tensor, look: Tensor, size: int) -> Tensor:
    """The pixel of the r2 window whose feature is nearest."""
    reach = max(1, round(12 * size / 512))
    x, y = (int(value) for value in handle)
    left, top = max(0, x - reach), max(0, y - reach)
    window = features.detach()[0, :, top : y + reach + 1, left : x + reach + 1]
    best = int((window - look[:, None, None]).square().sum(dim=0).argmin())
    return handle.new_tensor((left + best % window.shape[2], top + best // window.shape[2])) + 0.5


def sum_of_shifts(features: Tensor, handles: Tensor, targets: Tensor, size: int) -> Tensor:
    """Motion supervision on the resized map."""
    loss = torch.zeros((), device=features.device)
    for handle, target in zip(handles, targets, strict=True):
        near = (pixel_centres((size, size), handle.device) - handle).norm(dim=-1) <= max(
            1, round(3 * size / 512)
        )
        disc = near.nonzero().flip(1) + 0.5
        step = (target - handle) / (target - handle).norm()
        source = read(features, disc).detach()
        loss = loss + torch.nn.functional.l1_loss(source, read(features, disc + step))
    return loss


def read(features: Tensor, points: Tensor) -> Tensor:
    """Bilinear samples of [1, C, h, w] at [P, 2] map pixels, by grid_sample: [C, P]."""
    height, width = features.shape[2:]
    grid = to_grid_sample(points, (width, height))[None, None]
    return torch.nn.functional.grid_sample(features, grid, "bilinear", "border", align_corners=False)[0, :, 0]


def clocks() -> tuple[float, float]:
    """CPU and wall seconds, now."""
    return time.process_time(), time.perf_counter()


Leg = dict[str, Any]
LEGS = {"reference": reference_leg, "previz": previz_leg}


def run_leg(name: str, size: int, iterations: int, masked: bool, threads: int) -> Leg:
    """One leg in this process: CPU and wall seconds of its iterations, and its peak memory in GiB."""
    torch.set_num_threads(threads)
    marks: list[tuple[float, float]] = []
    LEGS[name](size, iterations, masked, marks)
    steps = list(itertools.pairwise(marks[1:]))
    return {
        "cpu": [after[0] - before[0] for before, after in steps],
        "wall": [after[1] - before[1] for before, after in steps],
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def compare(size: int, iterations: int, rounds: int, masked: bool, threads: int) -> dict[str, object]:
    """Both legs, alternating, each in a fresh process."""
    context = multiprocessing.get_context("spawn")
    seen: dict[str, list[Leg]] = {name: [] for name in LEGS}
    for _ in range(rounds):
        for name in LEGS:
            with context.Pool(1) as pool:
                seen[name].append(pool.apply(run_leg, (name, size, iterations, masked, threads)))
    row: dict[str, Any] = {"size": size, "masked": masked, "threads": threads}
    for name, legs in seen.items():
        for clock in ("cpu", "wall"):
            row[f"{name}_{clock}_s"] = statistics.median(step for leg in legs for step in leg[clock])
        row[f"{name}_peak_gib"] = max(leg["peak"] for leg in legs)
    row["cpu_ratio"] = row["reference_cpu_s"] / row["previz_cpu_s"]
    row["wall_ratio"] = row["reference_wall_s"] / row["previz_wall_s"]
    return row


def compare_sampling(device: str, repeats: int = 30) -> list[dict[str, object]]:
    """Milliseconds, forward and backward, of reading a 29 point disc a handle from a [256, 128, 128] map."""
    rows: list[dict[str, object]] = []
    for handles in (2, 5, 68):
        points = torch.rand(handles, 1, 2) * 120 + 4 + torch.rand(1, 29, 2) * 1.5
        features = torch.randn(1, 256, 128, 128).to(memory_format=torch.channels_last).to(device)
        features, points = features.requires_grad_(), points.to(device)
        ways: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
            "gather": lambda m, p: sample_features(m[0], p).abs().sum(),
            "grid_sample": lambda m, p: read(m, p.reshape(-1, 2)).abs().sum(),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(repeats):
            for name, way in ways.items():
                begin = time.perf_counter()
                torch.autograd.grad(way(features, points), features)
                if device != "cpu":
                    torch.cuda.synchronize()
                times[name].append(1e3 * (time.perf_counter() - begin))
        rows.append({"handles": handles, **{f"{n}_ms": statistics.median(t) for n, t in times.items()}})
    return rows


def main() -> None:
    """Run what the command line asks for and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sampling", action="store_true")
    parser.add_argument("--device", default="cpu", help="of --sampling")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    if options.sampling:
        torch.set_num_threads(options.threads)
        rows = compare_sampling(options.device)
    else:
        for size in options.sizes:
            for masked in (False, True):
                rows.append(compare(size, options.iterations, options.rounds, masked, options.threads))
                print(json.dumps(rows[-1]), file=sys.stderr)
    text = json.dumps(rows, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
