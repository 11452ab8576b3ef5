"""Solvers against each other: drags between known pictures of a bundled character, judged from outside.

Method. A pair (benchmarks/pairs_<character>.json) is a source and a target seed whose landmarks are exact, as
they come from the scene that each picture shows. Handles are landmarks that are seen in both, targets their
places in the target. Every solver drags every pair from the source's w, in one process, one after the other
for each pair, so that a busy machine disturbs all alike. Handles are 1 (another one for each pair), 5 (outer
corners of the eyes, nose, corners of the mouth) or `all` (every landmark of the front of the face that is
seen in both).

What is measured, in pixels of the character's picture unless said otherwise:

- *MD before / after*: mean distance of the handles' landmarks to their exact targets, as found by a landmark
  network (checkpoints/head.judge.safetensors) in the source's and the result's picture; *floor* is what that
  network gives on the true target picture: no solver is expected below it.
- *others*: the same for the landmarks that are seen in both and no handles.
- *error*: what the solver itself reports: mean distance of the tracked handles to the targets.
- *identity*: mean absolute change of what the network reads as identity, hair, colour and light, on scales of
  about -1 to 1; *colour*: mean absolute change (0 to 255) of the picture around landmarks of forehead,
  cheeks, chin and throat, each where the network finds it. `_true` is the same of the true target picture,
  whose person is the source's: what the network misreads, or the turn of the head itself changes.
- *to target*: the network's perceptual distance to the true target picture.
- *outside*: with --mask, mean absolute change (0 to 255) of the picture where the mask fixes it. The mask
  frees the box around handles and targets, 12% of the picture's width wider.
- *iterations* (forward passes with a gradient), *CPU* and *wall* seconds of the drag, decode not counted.
- *against the first solver*: mean of the paired differences, with its standard error; and how many times less
  CPU.

    python -m benchmarks.solvers                                     # small: 5 pairs, minutes on one core
    python -m benchmarks.solvers --pairs 100 --handles 1 5 all --json renders/solvers.json \\
        --solvers adam:max_iterations=600:stall_window=600 ik ik:metric=identity lbfgs auto
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from previz.cast import Judge, load_judge, load_pairs
from previz.cast._domains import find_domain
from previz.cast._eval_pairs import EvalPair, exchange_performance, seed_code
from previz.cast._judge import stage_distance
from previz.drag import DragSettings, IKSettings, drag, make_reference, sample_features
from previz.generator import Generator, load_generator

HERE = Path(__file__).parent
FIVE = ("eye_out_L", "eye_out_R", "nose_tip", "mouth_corner_L", "mouth_corner_R")
SKIN = ("forehead", "cheek_L", "cheek_R", "chin", "throat")
FRONT = (
    *("pupil_L", "lid_up_L", "lid_low_L", "eye_in_L", "eye_out_L", "brow_in_L", "brow_mid_L", "brow_out_L"),
    *("pupil_R", "lid_up_R", "lid_low_R", "eye_in_R", "eye_out_R", "brow_in_R", "brow_mid_R", "brow_out_R"),
    *("ala_L", "ala_R", "mouth_corner_L", "mouth_corner_R", "lip_up_L", "lip_up_R", "lip_low_L", "lip_low_R"),
    *("lip_up_out", "lip_low_out", "nose_tip", "nose_bridge", "nose_mid", "nose_base", "glabella", "chin"),
)
DRIFT = ("identity", "hair", "colour", "light")


@dataclass(frozen=True)
class Ground:
    """What all drags of a run share."""

    generator: Generator
    judge: Judge
    names: tuple[str, ...]  # of the pairs' landmarks
    domain: str


@dataclass(frozen=True)
class Problem:
    """One drag: from the source's w, these landmarks, to those places."""

    w: Tensor  # [num_ws, w_dim]
    landmarks: list[int]
    handles: Tensor  # [N, 2] px
    targets: Tensor  # [N, 2] px
    others: list[int]
    every_target: Tensor  # [K, 2] px
    target_picture: Tensor  # [1, 3, H, W]
    mask: Tensor | None


def main() -> None:
    """Run what the command line asks for; Markdown on stdout, everything as JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--character", default="mira")
    parser.add_argument("--judge", type=Path, default=HERE.parent / "checkpoints" / "head.judge.safetensors")
    parser.add_argument("--kind", choices=("same", "other"), default="same")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first pair")
    parser.add_argument("--handles", nargs="+", default=["5"], help="1, 5 and all")
    parser.add_argument(
        "--solvers", nargs="+", default=["adam", "ik", "auto"],
        help="method, and :name=value for other settings (ik.x for latent IK's)",
    )  # fmt: skip
    parser.add_argument("--mask", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    ground, pairs = _ground(options)
    rows = []
    for number, pair in enumerate(pairs):
        for count in options.handles:
            problem = _problem(ground, pair, count, number, options.mask)
            if problem is None:
                continue
            for solver in options.solvers:
                row = {"pair": number, "handles": count, "solver": solver}
                rows.append(row | measure(ground, problem, parse_solver(solver)))
                print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    print(table(rows, options.solvers, options.mask))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _ground(options: argparse.Namespace) -> tuple[Ground, list[EvalPair]]:
    pairs = load_pairs(HERE / f"pairs_{options.character}.json")
    chosen = [pair for pair in pairs.pairs if pair.kind == options.kind]
    chosen = chosen[options.first : options.first + options.pairs]
    generator = load_generator(options.character, options.device)
    judge = load_judge(options.judge).to(options.device)
    return Ground(generator, judge, pairs.landmarks, pairs.domain), chosen


def parse_solver(text: str) -> DragSettings:
    """`ik:metric=identity:ik.pull=0.1` as settings."""
    method, *changes = text.split(":")
    settings = DragSettings(method=method)
    for change in changes:
        name, value = change.split("=")
        parsed = json.loads(value) if value[0] in "0123456789-.tfn" else value
        if name.startswith("ik."):
            ik: IKSettings = replace(settings.ik, **{name[3:]: parsed})
            settings = replace(settings, ik=ik)
        else:
            settings = replace(settings, **{name: parsed})
    return settings


def _problem(ground: Ground, pair: EvalPair, count: str, number: int, masked: bool) -> Problem | None:
    """The drag of a pair; None where one of its landmarks is hidden."""
    generator, names = ground.generator, ground.names
    seen = pair.source_visible & pair.target_visible
    wanted = {"1": [FIVE[number % 5]], "5": FIVE, "all": [n for n in FRONT if seen[names.index(n)]]}[count]
    landmarks = [names.index(name) for name in wanted]
    if not seen[landmarks].all():
        return None
    size = torch.tensor([generator.width, generator.height])
    source, target = (torch.from_numpy(points) * size for points in (pair.source, pair.target))
    z = codes_of(ground, pair)
    device = generator.device
    with torch.no_grad():
        w, w_target = generator.mapping(torch.from_numpy(np.stack(z)).to(device))
        picture = generator.synthesis(w_target[None])
    handles, targets = source[landmarks].to(device), target[landmarks].to(device)
    mask = _mask(generator, handles, targets) if masked else None
    others = [k for k in np.flatnonzero(seen).tolist() if k not in landmarks]
    return Problem(w, landmarks, handles, targets, others, target.to(device), picture, mask)


def codes_of(ground: Ground, pair: EvalPair) -> tuple[np.ndarray, np.ndarray]:
    """The codes of source and target."""
    domain = find_domain(ground.domain)
    source, target = seed_code(domain, pair.source_seed), seed_code(domain, pair.target_seed)
    return source, exchange_performance(domain, source, target) if pair.kind == "same" else target


def _mask(generator: Generator, handles: Tensor, targets: Tensor) -> Tensor:
    """[H, W], 1 in the box around handles and targets and some way beyond."""
    points, margin = torch.cat([handles, targets]), 0.12 * generator.width
    (left, top), (right, bottom) = (points.amin(0) - margin).tolist(), (points.amax(0) + margin).tolist()
    mask = torch.zeros(generator.height, generator.width, device=generator.device)
    mask[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1] = 1
    return mask


def measure(ground: Ground, problem: Problem, settings: DragSettings) -> dict[str, Any]:
    """One drag, and what the network sees in its picture."""
    generator = ground.generator
    reference = make_reference(generator, problem.w, problem.handles, settings)
    cpu, wall = time.process_time(), time.perf_counter()
    result = drag(
        generator, problem.w, problem.handles, problem.targets, reference, settings, mask=problem.mask
    )
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    with torch.no_grad():
        source, picture = (generator.synthesis(w[None]) for w in (problem.w, result.w))
    return {
        "status": result.status,
        "method": result.method,
        "iterations": result.iterations,
        "cpu": cpu,
        "wall": wall,
        "error": float(result.error.mean()),
        "lost": int(result.lost.sum()),
        **_compare(ground, problem, source, picture),
    }


def _compare(ground: Ground, problem: Problem, source: Tensor, picture: Tensor) -> dict[str, float]:
    """Distances and changes, by the network and by the pictures themselves."""
    judge = ground.judge
    with torch.no_grad():
        sights = judge(torch.cat([source, picture, problem.target_picture]).clamp(-1, 1))
        points = judge.place(sights, source.shape[-1])[0]  # [3, K, 2]
    order = [judge.config.landmarks.index(name) for name in ground.names]
    points = points[:, order]
    away = (points - problem.every_target).norm(dim=-1)  # [3, K]
    md, others = away[:, problem.landmarks].mean(dim=1), away[:, problem.others].mean(dim=1)
    said = [judge.config.factors.index(f) for group in DRIFT for f in judge.config.groups.get(group, ())]
    skin = [ground.names.index(name) for name in SKIN]
    factors, colours = sights.factors[:, said], _skin(source, points[0, skin])
    change = (picture - source).clamp(-2, 2)[0].abs().mean(dim=0) * 127.5
    outside = float("nan") if problem.mask is None else float(change[problem.mask == 0].mean())
    return {
        "md_before": float(md[0]),
        "md": float(md[1]),
        "md_floor": float(md[2]),
        "others_before": float(others[0]),
        "others": float(others[1]),
        "identity": float((factors[1] - factors[0]).abs().mean()),
        "identity_true": float((factors[2] - factors[0]).abs().mean()),
        "colour": float((_skin(picture, points[1, skin]) - colours).abs().mean()),
        "colour_true": float((_skin(problem.target_picture, points[2, skin]) - colours).abs().mean()),
        "to_target": float(stage_distance(*_stages(judge, picture, problem.target_picture))),
        "outside": outside,
    }


def _stages(judge: Judge, *pictures: Tensor) -> list[list[Tensor]]:
    with torch.no_grad():
        return [judge.stages(picture.clamp(-1, 1)) for picture in pictures]


def _skin(picture: Tensor, points: Tensor) -> Tensor:
    """Mean colours [M, 3] in 0 to 255 of 9 x 9 px around points [M, 2] of a picture [1, 3, H, W]."""
    smooth = torch.nn.functional.avg_pool2d(picture, 9, 1, 4, count_include_pad=False)[0]
    return sample_features(smooth, points) * 127.5


FIGURES = (
    *("md_before", "md", "md_floor", "others_before", "others", "error", "identity", "identity_true"),
    *("colour", "colour_true", "to_target", "outside", "iterations", "cpu", "wall"),
)


def table(rows: list[dict[str, Any]], solvers: list[str], masked: bool) -> str:
    """Means as Markdown, and paired differences to the first solver with their standard errors."""
    columns = [name for name in FIGURES if masked or name != "outside"]
    lines = [
        f"| handles | solver | pairs | ok | {' | '.join(columns)} | MD - first | identity - first | CPU |"
    ]
    lines.append("|---" * (len(columns) + 7) + "|")
    for count in dict.fromkeys(row["handles"] for row in rows):
        first = [row for row in rows if (row["handles"], row["solver"]) == (count, solvers[0])]
        for solver in solvers:
            own = [row for row in rows if (row["handles"], row["solver"]) == (count, solver)]
            means = [f"{statistics.fmean(row[name] for row in own):.3g}" for name in columns]
            ok = statistics.fmean(row["status"] == "ok" for row in own)
            ratio = sum(row["cpu"] for row in first) / sum(row["cpu"] for row in own)
            differences = [_paired(own, first, name) for name in ("md", "identity")]
            cells = [count, solver, str(len(own)), f"{ok:.0%}", *means, *differences, f"{ratio:.1f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _paired(own: list[dict[str, Any]], first: list[dict[str, Any]], name: str) -> str:
    differences = [a[name] - b[name] for a, b in zip(own, first, strict=True)]
    if len(differences) < 2:
        return f"{differences[0]:+.3f}"
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    return f"{statistics.fmean(differences):+.3f} ± {error:.3f}"


if __name__ == "__main__":
    main()
