"""What the judge makes of spoilt renders: is it fair on soft pictures, do its distances see what is wrong?

Method. Held-out renders are blurred to less detail, given noise, a checkerboard such as upsampling leaves, or
less light; the judge looks at them. Columns: the Fréchet distance of its features to those of as many other
renders (the first row is the floor); its LPIPS-like distance to the render itself; the error of the visible
landmarks on the front of the face, in px of its size; and R² of the factors of some groups. A good judge
keeps the last ones while the distances rise.

With --pack and --pairs, the pairs of one person in another performance are rendered too: how far the judge
says that a group of factors moved, as a share of how far two people are apart (0 is ideal for who it is, 1
for what they do), and how often two people are further apart than the two performances.

    python -m benchmarks.cast_judge cast-work/head checkpoints/head.judge.safetensors \\
        --pack cast-work/pack.npz --pairs benchmarks/pairs_head.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from previz.cast import (
    Judge,
    Labelled,
    Renderer,
    find_domain,
    frechet_distance,
    load_judge,
    load_pack,
    load_pairs,
    open_labelled,
)
from previz.cast._judge import stage_distance
from previz.cast._judge_errors import front_face, r_squared
from previz.cast._latent_measures import factor_spread
from previz.cast._losses import blur_to_detail

GROUPS = ("identity", "pose", "expression")
PARTS = 40


def noise(amount: float) -> Callable[[Tensor], Tensor]:
    """Normal noise, the same for every batch."""
    return lambda x: x + amount * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def checkerboard(x: Tensor) -> Tensor:
    """Neighbouring pixels 3% of full scale lighter and darker."""
    rows, columns = (torch.arange(side) for side in x.shape[2:])
    return x + 0.03 * (2 * ((rows[:, None] + columns) % 2) - 1)


SPOILT: dict[str, Callable[[Tensor], Tensor]] = {
    "renders": lambda x: x,
    "7/8 of the detail": lambda x: blur_to_detail(x, x.shape[-1] * 7 // 8),
    "3/4 of the detail": lambda x: blur_to_detail(x, x.shape[-1] * 3 // 4),
    "1/2 of the detail": lambda x: blur_to_detail(x, x.shape[-1] // 2),
    "3/8 of the detail": lambda x: blur_to_detail(x, x.shape[-1] * 3 // 8),
    "noise of 1%": noise(0.02),
    "noise of 2.5%": noise(0.05),
    "checkerboard": checkerboard,
    "5% darker": lambda x: (x + 1) * 0.95 - 1,
}


@torch.no_grad()
def line(
    judge: Judge, data: Labelled, index: np.ndarray, reference: Tensor, spoil: Callable[[Tensor], Tensor]
) -> list[float]:
    """Fréchet distance, LPIPS-like distance, landmark error, and R² of `GROUPS`."""
    size, front = max(judge.config.height, judge.config.width), front_face(data.names)
    vectors, distances, errors, said, true = [], [], [], [], []
    for part in np.array_split(index, PARTS):
        renders, points, seen, factors = data.read(part, size)
        sight = judge(spoil(renders))
        vectors.append(judge.vector(sight.stages))
        distances.append(stage_distance(sight.stages, judge.stages(renders)))
        error = (judge.place(sight, judge.config.width)[0] - points).norm(dim=2)
        errors.append(error[(seen > 0) & front])
        said.append(sight.factors)
        true.append(factors)
    r2 = dict(zip(judge.config.factors, r_squared(torch.cat(said), torch.cat(true)).tolist(), strict=True))
    groups = [np.mean([r2[name] for name in judge.config.groups[group]]) for group in GROUPS]
    fid = frechet_distance(torch.cat(vectors), reference)
    return [fid, *(float(torch.cat(values).mean()) for values in (distances, errors)), *map(float, groups)]


@torch.no_grad()
def people(judge: Judge, pack: Path, pairs: Path) -> None:
    """Print what the judge says of one person in two performances, against two people."""
    domain, size = find_domain(judge.config.domain), max(judge.config.height, judge.config.width)
    renderer = Renderer(load_pack(pack))
    codes = [pair.codes(domain) for pair in load_pairs(pairs).pairs if pair.kind == "same"]

    def seen(column: int) -> Tensor:
        drawn = [renderer.render(domain.scene_from_z(both[column]), size) for both in codes]
        pictures = torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 127.5 - 1
        return judge.factors(pictures) / factor_spread(domain)

    first, second = seen(0), seen(1)
    print("\n| group | one person, of two people | further apart |\n|---|---|---|")
    for group, names in judge.config.groups.items():
        columns = [judge.config.factors.index(name) for name in names]
        same = (first - second)[:, columns].norm(dim=1)
        other = (first - first.roll(1, 0))[:, columns].norm(dim=1)
        further = float((same[:, None] < other[None]).float().mean())
        print(f"| {group} | {float(same.mean() / other.mean()):.2f} | {further:.1%} |")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("judge", type=Path)
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--pairs", type=Path)
    arguments = parser.parse_args()
    data, judge = open_labelled(arguments.dataset), load_judge(arguments.judge)
    held = data.pairs.held_out()
    size = max(judge.config.height, judge.config.width)
    others = np.array_split(data.pairs.training()[: len(held)], PARTS)
    with torch.no_grad():
        reference = torch.cat([judge.features(data.read(part, size)[0]) for part in others])
    print("| | FID-like | LPIPS-like | landmarks px |", " | ".join(f"{group} R²" for group in GROUPS), "|")
    print("|---|" + "---|" * (3 + len(GROUPS)))
    for name, spoil in SPOILT.items():
        fid, distance, error, *groups = line(judge, data, held, reference, spoil)
        figures = [f"{fid:.1f}", f"{distance:.3f}", f"{error:.3f}", *(f"{value:.3f}" for value in groups)]
        print(f"| {name} | {' | '.join(figures)} |", flush=True)
    if arguments.pack and arguments.pairs:
        people(judge, arguments.pack, arguments.pairs)


if __name__ == "__main__":
    main()
