"""How good a generator is: its pictures, and what the judge sees in them, against renders.

On held-out renders, which neither generator nor judge was trained on:

- *pictures*: PSNR, L1, face L1 and the judge's LPIPS-like distance of what a code generates to its
  render; and as a scale *blurred*, the same of the render with three quarters of its detail;
- *fid_like*: the Fréchet distance of the judge's features to those of as many renders of other codes.
  `renders` is the floor: the held-out renders themselves; `generated` has the very same codes, so that
  the two differ by the generator alone; `fresh` has codes that nobody rendered;
- *landmark_px*: how far the judge finds the landmarks of a generated picture from where they belong, and
  its own error on the renders, in px of the judge's size;
- *factor_r2*: how well the judge names the factors of the scene, from generated pictures and from
  renders;
- *cost*: seconds a picture on one core, seconds to load, size of the file.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from previz.cast._frechet import frechet_distance
from previz.cast._judge import Judge, stage_distance
from previz.cast._judge_data import Labelled
from previz.cast._judge_errors import front_face, r_squared
from previz.cast._losses import blur_to_detail, face_weight, picture_errors
from previz.errors import CastError
from previz.generator import Generator, load_generator

__all__ = ["draw_w", "measure", "measure_cost"]

BATCH = 16
FRESH_SEED = 20_001  # of the codes that nobody rendered
Progress = Callable[[str, int, int], None]


def draw_w(generator: Generator, w: Tensor, shape: tuple[int, int]) -> Tensor:
    """The pictures [N, 3, H, W] of w [N, num_ws, w_dim], clamped to -1..1 and averaged down to `shape`."""
    images: Tensor = generator.synthesis(w, noise="none").clamp(-1, 1)
    if tuple(images.shape[2:]) != shape:
        images = F.interpolate(images, size=shape, mode="area")
    return images


def measure(
    generator: Generator,
    data: Labelled,
    judge: Judge,
    count: int = 1000,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """All figures but the cost, on the first `count` held-out renders; see the module for what they are.

    CastError where the judge or the generator is of another domain, or fewer than two renders are there.
    """
    check_domain(generator, data, judge)
    held = data.pairs.held_out()[:count]
    other = data.pairs.training()[: len(held)]
    least = min(len(held), len(other))
    if least < 2:
        raise CastError(f"{data.pairs.folder}: {least} renders to measure on, 2 are the least")
    size = min(data.long_side, max(generator.height, generator.width))
    tell = progress or (lambda what, done, total: None)
    columns: dict[str, list[Tensor]] = {}
    with torch.no_grad():
        for done, part in _parts(held):
            for name, values in _compare(generator, data, judge, part, size).items():
                columns.setdefault(name, []).append(values)
            tell("held-out renders", done, len(held))
        rows = {name: torch.cat(values) for name, values in columns.items()}
        renders = _features_of_renders(judge, data, other, size, tell)
        fresh = _features_of_fresh(generator, data, judge, len(held), size, tell)
    features = {"renders": rows["render.vector"], "generated": rows["generated.vector"], "fresh": fresh}
    features["blurred"] = rows["blurred.vector"]
    return {
        "renders": len(held),
        "size": list(data.read(held[:1], size)[0].shape[2:]),
        "judge_size": [judge.config.height, judge.config.width],
        "pictures": _means(rows, "generated", ("psnr", "l1", "face_l1", "lpips_like")),
        "blurred": _means(rows, "blurred", ("psnr", "l1", "face_l1", "lpips_like")),
        "fid_like": {name: round(frechet_distance(values, renders), 5) for name, values in features.items()},
        "landmark_px": {who: _landmark_figures(rows, who, data.names) for who in ("generated", "render")},
        "factor_r2": {who: _factor_figures(rows, who, judge) for who in ("generated", "render")},
    }


def measure_cost(path: Path, repeats: int = 5) -> dict[str, float]:
    """Seconds to load the checkpoint, seconds a picture on one core (medians), and MB of the file."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        loads, pictures = [], []
        for _ in range(3):
            start = time.perf_counter()
            generator = load_generator(path)
            loads.append(time.perf_counter() - start)
        w = generator.sample_w(0)
        with torch.no_grad():
            generator.synthesis(w)
            for _ in range(repeats):
                start = time.perf_counter()
                generator.synthesis(w)
                pictures.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return {
        "load_seconds": round(statistics.median(loads), 3),
        "picture_seconds": round(statistics.median(pictures), 4),
        "file_mb": round(path.stat().st_size / 1e6, 2),
    }


def check_domain(generator: Generator, data: Labelled, judge: Judge) -> None:
    """CastError where these three don't belong together."""
    if judge.config.domain != data.domain.name or judge.config.factors != data.domain.factor_names:
        raise CastError(
            f"a judge of {judge.config.domain} can't judge the {data.domain.name} of {data.pairs.folder}; "
            f"train one with `previz cast judge train {data.pairs.folder} OUT`"
        )
    if generator.z_dim != data.domain.z_dim:
        raise CastError(
            f"the generator takes codes of {generator.z_dim} numbers, those of {data.domain.name} have "
            f"{data.domain.z_dim}: it was not trained on such renders"
        )


def _compare(
    generator: Generator, data: Labelled, judge: Judge, index: np.ndarray, size: int
) -> dict[str, Tensor]:
    """What generated pictures, renders and blurred renders of these codes show, one row a picture."""
    renders, points, seen, factors = data.read(index, size)
    shape = (renders.shape[2], renders.shape[3])
    z = torch.from_numpy(data.pairs.codes[index])
    weight = face_weight(points[:, data.pairs.face], shape)
    kinds = {
        "render": renders,
        "generated": draw_w(generator, generator.mapping(z), shape),
        "blurred": blur_to_detail(renders, size * 3 // 4),
    }
    scale = judge.config.width / shape[1]
    limit = points.new_tensor([shape[1], shape[0]])
    inside = ((points >= 0) & (points <= limit)).all(dim=-1)
    rows = {"inside": inside, "seen": (seen > 0) & inside, "factors": factors}
    true = judge(renders)
    for name, images in kinds.items():
        sight = true if name == "render" else judge(images)
        rows[f"{name}.vector"] = judge.vector(sight.stages)
        if name != "blurred":
            found, _ = judge.place(sight, judge.config.width)
            rows[f"{name}.distance"] = (found - points * scale).norm(dim=-1)
            rows[f"{name}.factors"] = sight.factors
        if name != "render":
            for figure, values in picture_errors(images, renders, weight).items():
                rows[f"{name}.{figure}"] = values
            rows[f"{name}.lpips_like"] = stage_distance(sight.stages, true.stages)
    return rows


def _features_of_renders(
    judge: Judge, data: Labelled, index: np.ndarray, size: int, tell: Progress
) -> Tensor:
    found = []
    for done, part in _parts(index):
        found.append(judge.features(data.read(part, size)[0]))
        tell("other renders", done, len(index))
    return torch.cat(found)


def _features_of_fresh(
    generator: Generator, data: Labelled, judge: Judge, count: int, size: int, tell: Progress
) -> Tensor:
    codes = np.random.default_rng(FRESH_SEED).standard_normal((count, data.domain.z_dim)).astype(np.float32)
    shape, found = data.domain.picture_shape(size), []
    for done, part in _parts(np.arange(count)):
        images = draw_w(generator, generator.mapping(torch.from_numpy(codes[part])), shape)
        found.append(judge.features(images))
        tell("fresh codes", done, count)
    return torch.cat(found)


def _parts(index: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Parts of the index, each with how many there are up to its end."""
    for start in range(0, len(index), BATCH):
        yield min(start + BATCH, len(index)), index[start : start + BATCH]


def _means(rows: dict[str, Tensor], who: str, names: tuple[str, ...]) -> dict[str, float]:
    return {name: round(float(rows[f"{who}.{name}"].mean()), 4) for name in names}


def _landmark_figures(rows: dict[str, Tensor], who: str, names: tuple[str, ...]) -> dict[str, float]:
    distance = rows[f"{who}.distance"]
    chosen = {"all": rows["inside"], "visible": rows["seen"], "front_face": rows["seen"] & front_face(names)}
    return {name: round(float(distance[which].mean()), 3) for name, which in chosen.items() if which.any()}


def _factor_figures(rows: dict[str, Tensor], who: str, judge: Judge) -> dict[str, float]:
    values = dict(
        zip(judge.config.factors, r_squared(rows[f"{who}.factors"], rows["factors"]).tolist(), strict=True)
    )
    groups = {group: [values[n] for n in names] for group, names in judge.config.groups.items() if names}
    return {group: round(sum(members) / len(members), 3) for group, members in groups.items()}
