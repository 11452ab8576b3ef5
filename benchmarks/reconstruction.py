"""Paired reconstruction, as in the paper: from one picture towards a known edit of it, by points alone.

The source is the picture of a pair's first code, and the target is an edit of its w that is known. The kinds
take turns: `performance` has the pair's second code (another pose, expression and gaze of the same person);
`direction` adds 1.5 standard deviations of yaw, smile, pitch or jaw in all layers, by the directions that
regression on the character's scenes has found.

A solver is told of up to 32 points, as in the paper, where they are in both. For `performance` these are
landmarks of the scene, which are exact. For `direction` they are drawn at random from the corners of the
picture (Shi and Tomasi 1994, 1/32 of its width apart), and followed by optical flow (DIS) over 12 pictures
on the straight way from w to the edit, and back again: only points that come back within 0.5 px and go at
least 1 px are taken.

- MSE: mean squared difference to the true target picture, values of 0 to 1, times 1000; its face part counts
  the box around the points, a tenth of the width wider.
- perceptual: the landmark network's distance of features to the true target picture. Nothing is downloaded.
- points: mean distance of the tracked points to their targets, by the solver itself.
- less the first: means of paired differences to the first solver, with standard errors.

`start` is the source picture as it is, what no edit at all would score.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import torch
from torch import Tensor

from benchmarks._cast import FRONT, Ground, image_distance, load_ground, parse_solver, solver_name, thumbnail
from benchmarks._figures import mean, paired, with_error
from benchmarks._flow import Grey, follow, grey_picture
from benchmarks._suite import Case, Options, Record, Strip, Suite, Table
from benchmarks.landmarks import QUICK_SOLVERS, by
from previz.cast import EvalPair, scene_directions
from previz.drag import drag, make_reference
from previz.generator import directions_file, load_directions

KINDS = ("performance", "direction")
DIRECTIONS = ("yaw", "smile", "pitch", "jaw")
AMOUNT = 1.5  # standard deviations
POINTS = 32
STEPS = 12
RETURN = 0.5  # px that a point may be off after the way there and back
LEAST = 1.0  # px that a point goes
FACE = 0.1  # of the width, around the points
NONE = "start"


@dataclass(frozen=True)
class Edit:
    """A known edit.

    Attributes:
        w: [num_ws, w_dim] before it.
        target: [num_ws, w_dim] after it.
        points: [N, 2] px before.
        goals: [N, 2] px after.
    """

    w: Tensor
    target: Tensor
    points: Tensor
    goals: Tensor


def cases(options: Options) -> list[Case]:
    """A case an edit, in which every solver tries."""
    ground = load_ground(options)
    count = 2 if options.quick else options.pairs
    chosen = list(enumerate(ground.pairs))[options.first : options.first + count]
    solvers = QUICK_SOLVERS if options.quick else options.solvers
    kept = options.first + options.strips
    return [
        Case(
            f"edit {number}: {' '.join(solvers)}",
            partial(
                measure_edit, ground, pair, number, solvers, number < kept, 8 if options.quick else POINTS
            ),
        )
        for number, pair in chosen
    ]


def measure_edit(
    ground: Ground,
    pair: EvalPair,
    number: int,
    solvers: Sequence[str],
    pictures_kept: bool,
    most: int = POINTS,
) -> list[Record]:
    """What every solver makes of one edit; nothing where no points are found in both pictures."""
    kind = KINDS[number % len(KINDS)]
    edit = performance_edit(ground, pair) if kind == KINDS[0] else direction_edit(ground, pair, number)
    edit = replace(edit, points=edit.points[:most], goals=edit.goals[:most])
    if len(edit.points) < 4:
        return []
    truth, start = ground.picture(edit.target), ground.picture(edit.w)
    common = {"edit": number, "kind": kind, "points": len(edit.points)}
    first = common | {"solver": NONE} | compare(ground, edit, start, truth)
    first |= {"error": float((edit.goals - edit.points).norm(dim=-1).mean()), "iterations": 0, "cpu": 0.0}
    if pictures_kept:
        first["picture"] = thumbnail(start, edit.points, edit.goals)
        first["strip"] = thumbnail(truth, targets=edit.goals)
    records = [first]
    for solver in solvers:
        settings = parse_solver(solver)
        reference = make_reference(ground.generator, edit.w, edit.points, settings)
        cpu = time.process_time()
        result = drag(ground.generator, edit.w, edit.points, edit.goals, reference, settings)
        spent, picture = time.process_time() - cpu, ground.picture(result.w)
        record = common | {"solver": solver} | compare(ground, edit, picture, truth)
        record |= {"error": float(result.error.mean()), "iterations": result.iterations, "cpu": spent}
        if pictures_kept:
            record["picture"] = thumbnail(picture, result.handles, edit.goals)
        records.append(record)
    return records


def performance_edit(ground: Ground, pair: EvalPair) -> Edit:
    """From the pair's first code to its second; the points are landmarks that are seen in both."""
    w, target = ground.latents(*ground.codes(pair))
    seen = pair.source_visible & pair.target_visible
    front = FRONT[ground.domain.figure]
    wanted = [k for k, name in enumerate(ground.names) if seen[k] and name in front]
    wanted += [k for k, name in enumerate(ground.names) if seen[k] and name not in front]
    source, goals = (torch.from_numpy(p[wanted[:POINTS]]) * ground.size for p in (pair.source, pair.target))
    return Edit(w, target, source.to(w.device), goals.to(w.device))


def direction_edit(ground: Ground, pair: EvalPair, number: int) -> Edit:
    """Along one of the directions, to the one side or the other; the points are followed by optical flow."""
    (w,) = ground.latents(ground.codes(pair)[0])
    turn = number // len(KINDS)
    name, sign = DIRECTIONS[turn % len(DIRECTIONS)], 1 - 2 * (turn // len(DIRECTIONS) % 2)
    vector = direction_vector(ground, name)
    target = w + sign * AMOUNT * vector.to(w.device)
    way = [w + share * (target - w) for share in np.linspace(0, 1, STEPS).tolist()]
    greys = [grey_picture(ground.picture(one)) for one in way]
    points, goals = corresponding_points(greys, seed=number)
    return Edit(w, target, points.to(w.device), goals.to(w.device))


def direction_vector(ground: Ground, name: str) -> Tensor:
    """[w_dim] a standard deviation of the factor: a uniform one from -1 to 1 has 1 / sqrt(3)."""
    file, generator = directions_file(ground.checkpoint), ground.generator
    known = load_directions(file, generator) if file.is_file() else scene_directions(generator)
    return next(one.vector for one in known if one.name == name) / 3**0.5


def corresponding_points(greys: Sequence[Grey], seed: int) -> tuple[Tensor, Tensor]:
    """Points [N, 2] px of the first picture [H, W] and where they are in the last, by DIS there and back."""
    height, width = greys[0].shape
    corners = cv2.goodFeaturesToTrack(greys[0], 0, 0.005, width / 32)
    if corners is None:
        return torch.zeros(0, 2), torch.zeros(0, 2)
    start = torch.from_numpy(np.asarray(corners, np.float32)[:, 0]) + 0.5
    end = follow(greys, start)[-1]
    back = follow(greys[::-1], end)[-1]
    good = ((back - start).norm(dim=-1) <= RETURN) & ((end - start).norm(dim=-1) >= LEAST)
    good &= (end > 1).all(dim=-1) & (end < torch.tensor([width - 1, height - 1])).all(dim=-1)
    kept = np.random.default_rng([seed, POINTS]).permutation(np.flatnonzero(good.numpy()))[:POINTS]
    return start[kept], end[kept]


def compare(ground: Ground, edit: Edit, picture: Tensor, truth: Tensor) -> Record:
    """How near a picture [1, 3, H, W] is to the true one."""
    squares = ((picture.clamp(-1, 1) - truth.clamp(-1, 1)) / 2).square().mean(dim=1)[0] * 1000  # [H, W]
    both = torch.cat([edit.points, edit.goals])
    margin = FACE * ground.generator.width
    (left, top), (right, bottom) = (both.amin(0) - margin).tolist(), (both.amax(0) + margin).tolist()
    face = squares[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1]
    return {
        "mse": float(squares.mean()),
        "mse_face": float(face.mean()),
        "perceptual": image_distance(ground.judge, picture, truth),
    }


def tables(records: Sequence[Record]) -> list[Table]:
    """A table for each kind of edit, and one of both."""
    heads = (
        *("solver", "edits", "MSE x 1000", "less the first's", "of the face", "perceptual"),
        *("less the first's", "points px", "iterations", "CPU s"),
    )
    made = []
    for kind in (*KINDS, None):
        own = [record for record in records if kind in (None, record["kind"])]
        if own:
            title = "Both kinds of edits" if kind is None else f"Edits of {kind}"
            made.append(Table(title, heads, _rows(own)))
    return made


def _rows(records: Sequence[Record]) -> list[list[str]]:
    groups = dict(by(records, "solver"))
    names = list(groups)
    first = names[1] if len(names) > 1 else names[0]
    rows = []
    for name, own in groups.items():

        def against(key: str, own: Sequence[Record] = own, name: str = name) -> str:
            if name == first:
                return ""
            other = {record["edit"]: record[key] for record in groups[first]}
            both = [(record[key], other[record["edit"]]) for record in own if record["edit"] in other]
            return with_error(paired([a for a, _ in both], [b for _, b in both]))

        def of(key: str, own: Sequence[Record] = own) -> float:
            return mean([record[key] for record in own])

        rows.append(
            [
                *(solver_name(name), str(len(own)), f"{of('mse'):.2f}", against("mse")),
                *(f"{of('mse_face'):.2f}", f"{of('perceptual'):.3f}", against("perceptual")),
                *(f"{of('error'):.2f}", f"{of('iterations'):.1f}", f"{of('cpu'):.2f}"),
            ]
        )
    return rows


def strips(records: Sequence[Record]) -> list[Strip]:
    """Start, what each solver made of it, and the true target."""
    made = []
    for number, own in by(records, "edit"):
        if "strip" not in own[0]:
            continue
        pictures = [
            (f"{solver_name(record['solver'])}: MSE {record['mse']:.2f}", record["picture"])
            for record in own
            if "picture" in record
        ]
        made.append(Strip(f"edit {number}: {own[0]['kind']}", [*pictures, ("target", own[0]["strip"])]))
    return made


SUITE = Suite("reconstruction", __doc__ or "", cases, tables, strips=strips)
