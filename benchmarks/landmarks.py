"""Landmarks: drags between two pictures of a person, judged from outside.

A pair (benchmarks/pairs_<domain>.json) is a source and a target code of one person in one light, whose
pose, expression and gaze differ and whose landmarks are exact, as they come from the scene that each
picture shows. Handles are landmarks that are seen in both, targets their places in the target. Every solver
drags every pair from the source's w, in one process, one after the other for each pair, so that a busy
machine disturbs all alike. Handles are 1 (another one for each pair), 5 (outer corners of the eyes, tip of
the nose, corners of the mouth), or all landmarks of the front of the face that are seen in both. With +mask,
all but the box around handles and targets, 12% of the picture's width wider, is to stay.

Lengths are pixels of the character's picture.

- MD: mean distance of the handles' landmarks to their exact targets, before and after, as the landmark
  network finds them in the pictures of source and result. Its floor is what the network gives on the true
  target picture: no solver is expected below it.
- others: the same for the landmarks that are seen in both and are no handles.
- identity: mean absolute change of what the network reads as identity, hair, colour and light, on scales of
  about -1 to 1 (what it reads between the source and the true target, where nothing of it changes, is
  `true`).
- colour: mean absolute change (0 to 255) around forehead, cheeks, chin and throat, each where the network
  finds it; `true` likewise.
- to target: the network's perceptual distance to the true target picture.
- outside: with a mask, mean absolute change (0 to 255) of the picture where it is to stay.
- iterations: forward passes with a gradient; CPU and wall seconds and peak memory are those of the drag,
  without the decode.
- as far as the first: the same solver asked to go only as far as the first one came, its targets being where
  the first one's handles ended. Who goes further changes more, so drift is to be compared there.
- less the first's: means of paired differences to the first solver, with standard errors.

The paper's solver is "adam", at 300 iterations at most and without giving up before; "ik" is latent IK,
"lbfgs" the quality mode. Error over iterations is the mean distance of the tracked handles, by the solver
itself; an iteration of "lbfgs" is there a round of several evaluations.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks._cast import (
    FIVE,
    FRONT,
    Ground,
    image_distance,
    load_ground,
    parse_solver,
    solver_name,
    thumbnail,
)
from benchmarks._figures import carried_forward, mean, paired, with_error
from benchmarks._machine import peak_memory
from benchmarks._suite import Case, Options, Plot, Record, Series, Strip, Suite, Table
from previz.cast import EvalPair
from previz.drag import DragResult, DragSettings, Iteration, drag, make_reference, sample_features
from previz.errors import SolveError
from previz.generator import Generator

SKIN = ("forehead", "cheek_L", "cheek_R", "chin", "throat")
DRIFT = ("identity", "hair", "colour", "light")
MARGIN = 0.12  # of the picture's width, that a mask leaves free around handles and targets
AS_FAR = ", as far as the first"
QUICK_SOLVERS = ("adam:max_iterations=60:stall_window=60", "ik", "lbfgs")


@dataclass(frozen=True)
class Drag:
    """One drag: from the source's w, these landmarks, to those places."""

    w: Tensor  # [num_ws, w_dim]
    landmarks: list[int]
    handles: Tensor  # [N, 2] px
    targets: Tensor  # [N, 2] px
    others: list[int]
    every_target: Tensor  # [K, 2] px
    target_picture: Tensor  # [1, 3, H, W]
    mask: Tensor | None


def cases(options: Options) -> list[Case]:
    """A case for each pair and set of handles, in which every solver drags."""
    ground = load_ground(options)
    count, kinds = (2, options.handles[:1]) if options.quick else (options.pairs, options.handles)
    chosen = list(enumerate(ground.pairs))[options.first : options.first + count]
    solvers = QUICK_SOLVERS if options.quick else options.solvers
    for solver in solvers:
        parse_solver(solver)
    return [
        Case(
            f"{kind}, pair {number}: {' '.join(solvers)}",
            partial(measure_pair, ground, pair, number, kind, options, solvers),
        )
        for kind in kinds
        for number, pair in chosen
    ]


def measure_pair(
    ground: Ground, pair: EvalPair, number: int, kind: str, options: Options, solvers: Sequence[str]
) -> list[Record]:
    """Every solver on one pair; nothing where one of the handles is hidden."""
    problem = make_drag(ground, pair, kind, number)
    if problem is None:
        return []
    kept = number < options.first + options.strips
    records: list[Record] = []
    ended: Tensor | None = None
    for solver in solvers:
        settings, record = parse_solver(solver), {"pair": number, "handles": kind, "solver": solver}
        measured, handles = measure(ground, problem, settings, kept)
        records.append(record | measured)
        if ended is None:
            ended = handles
            continue
        measured, _ = measure(ground, replace(problem, targets=ended), settings, kept)
        records.append(record | {"solver": solver + AS_FAR} | measured)
    if kept:
        source = thumbnail(ground.picture(problem.w), problem.handles, problem.targets)
        records[0]["strip"] = {
            "start": source,
            "target": thumbnail(problem.target_picture, targets=problem.targets),
        }
    return records


def wanted_landmarks(kind: str, number: int, seen: Sequence[str], figure: str = "head") -> tuple[str, ...]:
    """The handles of a kind, for the pair of this number, of which these are seen."""
    five = FIVE[figure]
    if kind == "1":
        return (five[number % len(five)],)
    if kind == "5":
        return five
    if kind == "all":
        return tuple(name for name in FRONT[figure] if name in seen)
    raise SolveError(f'handles "{kind}": only 1, 5 and all, each perhaps with +mask, are known')


def make_drag(ground: Ground, pair: EvalPair, kind: str, number: int) -> Drag | None:
    """The drag of a pair; None where one of its handles is hidden."""
    generator, names = ground.generator, ground.names
    handled, _, masked = kind.partition("+")
    seen = pair.source_visible & pair.target_visible
    in_view = [names[k] for k in np.flatnonzero(seen)]
    wanted = wanted_landmarks(handled, number, in_view, ground.domain.figure)
    landmarks = [names.index(name) for name in wanted]
    if not landmarks or not seen[landmarks].all():
        return None
    source, target = (torch.from_numpy(points) * ground.size for points in (pair.source, pair.target))
    w, w_target = ground.latents(*ground.codes(pair))
    handles, targets = (points[landmarks].to(generator.device) for points in (source, target))
    mask = make_mask(generator, handles, targets) if masked else None
    others = [k for k in np.flatnonzero(seen).tolist() if k not in landmarks]
    every = target.to(generator.device)
    return Drag(w, landmarks, handles, targets, others, every, ground.picture(w_target), mask)


def make_mask(generator: Generator, handles: Tensor, targets: Tensor) -> Tensor:
    """[H, W], 1 in the box around handles and targets and some way beyond."""
    points, margin = torch.cat([handles, targets]), MARGIN * generator.width
    (left, top), (right, bottom) = (points.amin(0) - margin).tolist(), (points.amax(0) + margin).tolist()
    mask = torch.zeros(generator.height, generator.width, device=generator.device)
    mask[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1] = 1
    return mask


def measure(
    ground: Ground, problem: Drag, settings: DragSettings, picture_kept: bool = False
) -> tuple[Record, Tensor]:
    """One drag, and what the network sees in its picture; and where its handles [N, 2] ended."""
    generator = ground.generator
    reference = make_reference(generator, problem.w, problem.handles, settings)
    marks: list[tuple[float, float]] = []
    with peak_memory(generator.device) as memory:
        cpu, wall = time.process_time(), time.perf_counter()

        def note(iteration: Iteration) -> None:
            marks.append((time.process_time() - cpu, float(iteration.error.mean())))

        result = drag(
            generator,
            problem.w,
            problem.handles,
            problem.targets,
            reference,
            settings,
            problem.mask,
            None,
            note,
        )
        cpu_spent, wall_spent = time.process_time() - cpu, time.perf_counter() - wall
    record = {
        "status": result.status,
        "method": result.method,
        "iterations": result.iterations,
        "cpu": cpu_spent,
        "wall": wall_spent,
        "peak_gib": memory.gib,
        "error": float(result.error.mean()),
        "lost": int(result.lost.sum()),
        "trace_cpu": [round(seconds, 4) for seconds, _ in marks],
        "trace": [round(error, 3) for _, error in marks],
        **compare(ground, problem, result),
    }
    if picture_kept:
        record["picture"] = thumbnail(ground.picture(result.w), result.handles, problem.targets)
    return record, result.handles


def compare(ground: Ground, problem: Drag, result: DragResult) -> Record:
    """Distances and changes, by the network and by the pictures themselves."""
    judge, source, picture = ground.judge, ground.picture(problem.w), ground.picture(result.w)
    three = torch.cat([source, picture, problem.target_picture]).clamp(-1, 1)
    points = ground.landmarks(three)  # [3, K, 2]
    away = (points - problem.every_target).norm(dim=-1)  # [3, K]
    md, others = away[:, problem.landmarks].mean(dim=1), away[:, problem.others].mean(dim=1)
    said = [judge.config.factors.index(f) for group in DRIFT for f in judge.config.groups.get(group, ())]
    with torch.no_grad():
        factors = judge.factors(three)[:, said]
    skin = [ground.names.index(name) for name in SKIN if name in ground.names]
    colours = [skin_colours(one, points[index, skin]) for index, one in enumerate(three[:, None])]
    change = (picture - source).clamp(-2, 2)[0].abs().mean(dim=0) * 127.5
    return {
        "md_before": float(md[0]),
        "md": float(md[1]),
        "md_floor": float(md[2]),
        "others_before": float(others[0]),
        "others": float(others[1]),
        "identity": float((factors[1] - factors[0]).abs().mean()),
        "identity_true": float((factors[2] - factors[0]).abs().mean()),
        "colour": float((colours[1] - colours[0]).abs().mean()),
        "colour_true": float((colours[2] - colours[0]).abs().mean()),
        "to_target": image_distance(judge, picture, problem.target_picture),
        "outside": None if problem.mask is None else float(change[problem.mask == 0].mean()),
    }


def skin_colours(picture: Tensor, points: Tensor) -> Tensor:
    """Mean colours [M, 3] in 0 to 255 of 9 x 9 px around points [M, 2] of a picture [1, 3, H, W]."""
    smooth = torch.nn.functional.avg_pool2d(picture, 9, 1, 4, count_include_pad=False)[0]
    return sample_features(smooth, points) * 127.5


def tables(records: Sequence[Record]) -> list[Table]:
    """One table a kind of handles, and one of what is asked of a solver beside the first."""
    heads = [
        *("solver", "pairs", "arrived", "MD before / after / floor", "MD less the first's"),
        *(
            "identity (true)",
            "identity less the first's",
            "colour (true)",
            "others before / after",
            "to target",
        ),
        *("outside", "iterations", "CPU s", "wall s", "times less CPU", "peak GiB"),
    ]
    made = []
    for kind, own in by(records, "handles"):
        first = by(own, "solver")[0][1]
        columns = (
            heads
            if any(record["outside"] is not None for record in own)
            else [h for h in heads if h != "outside"]
        )
        rows = [dict(zip(heads, row(solver, mine, first), strict=True)) for solver, mine in by(own, "solver")]
        handled, _, masked = kind.partition("+")
        title = f"{handled} handle{'' if handled == '1' else 's'}{', with a mask' if masked else ''}"
        made.append(Table(title, columns, [[one[head] for head in columns] for one in rows]))
    asked = bars(records)
    return [*made, asked] if asked.rows else made


def bars(records: Sequence[Record]) -> Table:
    """With 5 handles, against the first solver: half of its MD, a tenth of its time, no more drift."""
    rows = []
    for kind, own in by([record for record in records if record["handles"].startswith("5")], "handles"):
        groups = by(own, "solver")
        for solver, mine in groups[1:]:
            first = {record["pair"]: record for record in groups[0][1]}
            both = [(one, first[one["pair"]]) for one in mine if one["pair"] in first]

            def share(name: str, both: list[tuple[Record, Record]] = both) -> float:
                most = max(sum(other[name] for _, other in both), 1e-12)
                return float(sum(one[name] for one, _ in both) / most)

            wanted = [("MD", "md", 0.5), ("CPU seconds", "cpu", 0.1)] if AS_FAR not in solver else []
            wanted.append(("identity drift", "identity", 1.0))
            if "mask" in kind:
                wanted.append(("change outside the mask", "outside", 1.0))
            rows += [
                [
                    *(kind.replace("+", ", "), solver_name(solver), told, f"{most:g}", f"{share(name):.3f}"),
                    "yes" if share(name) <= most else "no",
                ]
                for told, name, most in wanted
            ]
    heads = ("handles", "solver", "of the first's", "at most", "measured", "holds")
    return Table("What is asked with 5 handles", heads, rows, "Ratios of means over the pairs of both.")


def row(solver: str, own: Sequence[Record], first: Sequence[Record]) -> list[str]:
    """One solver's cells, in pairs with the first solver's."""

    def of(name: str) -> float:
        return mean([record[name] for record in own])

    pairs = {record["pair"]: record for record in first}
    both = [(record, pairs[record["pair"]]) for record in own if record["pair"] in pairs]

    def against(name: str) -> str:
        is_first = own[0]["solver"] == first[0]["solver"]
        return "" if is_first else with_error(paired([a[name] for a, _ in both], [b[name] for _, b in both]))

    ratio = sum(b["cpu"] for _, b in both) / max(sum(a["cpu"] for a, _ in both), 1e-9)
    return [
        solver_name(solver),
        str(len(own)),
        f"{mean([record['status'] == 'ok' for record in own]):.0%}",
        f"{of('md_before'):.1f} / {of('md'):.2f} / {of('md_floor'):.2f}",
        against("md"),
        f"{of('identity'):.3f} ({of('identity_true'):.3f})",
        against("identity"),
        f"{of('colour'):.2f} ({of('colour_true'):.2f})",
        f"{of('others_before'):.1f} / {of('others'):.1f}",
        f"{of('to_target'):.3f}",
        f"{of('outside'):.2f}",
        f"{of('iterations'):.1f}",
        f"{of('cpu'):.2f}",
        f"{of('wall'):.2f}",
        f"{ratio:.1f}",
        f"{of('peak_gib'):.2f}",
    ]


def by(records: Sequence[Record], name: str) -> list[tuple[Any, list[Record]]]:
    """Records grouped by a field, in the order in which its values first come."""
    order = list(dict.fromkeys(record[name] for record in records))
    ranked = sorted(records, key=lambda record: order.index(record[name]))
    return [(value, list(group)) for value, group in groupby(ranked, key=lambda record: record[name])]


def plots(records: Sequence[Record]) -> list[Plot]:
    """Mean error of the tracked handles over iterations and over CPU seconds, a line a solver."""
    made = []
    whole = [record for record in records if AS_FAR not in record["solver"]]
    for kind, own in by(whole, "handles"):
        lines, timed = [], []
        for solver, mine in by(own, "solver"):
            length = max(len(record["trace"]) for record in mine)
            curves = np.array([carried_forward(record["trace"], length) for record in mine])
            lines.append(
                Series(solver_name(solver), list(range(1, length + 1)), curves.mean(axis=0).tolist())
            )
            timed.append(over_time(solver_name(solver), mine))
        title = f"handles: {kind.replace('+', ', ')}"
        label = "mean distance to the targets, px"
        made.append(Plot(f"Error over iterations, {title}", "iterations + 1", label, lines, True, True))
        made.append(Plot(f"Error over time, {title}", "CPU seconds", label, timed, True, True))
    return made


def over_time(name: str, records: Sequence[Record]) -> Series:
    """The mean error at moments between the first iterate and the last, each drag staying where it ended."""
    ends = [record["trace_cpu"][-1] for record in records]
    begin = max(min(record["trace_cpu"][0] for record in records), 1e-3)
    moments = np.geomspace(begin, max(*ends, begin * 1.01), 60)
    errors = []
    for record in records:
        at = np.searchsorted(np.array(record["trace_cpu"]), moments, side="right") - 1
        errors.append(np.array(record["trace"])[np.clip(at, 0, None)])
    return Series(name, moments.tolist(), np.mean(errors, axis=0).tolist())


def strips(records: Sequence[Record]) -> list[Strip]:
    """Start, what each solver made of it, and the true target."""
    made = []
    for kind, own in by(records, "handles"):
        for number, mine in by(own, "pair"):
            ends = mine[0].get("strip")
            if not ends:
                continue
            pictures = [("start", ends["start"])]
            for record in mine:
                if "picture" in record:
                    told = f"{solver_name(record['solver'])}: MD {record['md']:.1f} px, {record['cpu']:.1f} s"
                    pictures.append((told, record["picture"]))
            pictures.append((f"target (floor {mine[0]['md_floor']:.1f} px)", ends["target"]))
            made.append(Strip(f"handles: {kind.replace('+', ', ')}; pair {number}", pictures))
    return made


SUITE = Suite("landmarks", __doc__ or "", cases, tables, plots, strips)
