"""Can a newcomer tell generated pictures from renders? A shuffled sheet of both, and its score.

Method. `sheet` draws `--count` random codes of a character and as many of its held-out renders (of other
codes, so that nothing can be told by comparing twins), shrinks them to `--side` px, shuffles and numbers
them. The key lies beside the sheet; a viewer gets the sheet alone, is told that half are generated, and
names that half. `score` says how many were sorted right: half by chance, all where they can be told apart.

    python -m benchmarks.cast_sorting sheet head cast-work/head -o sorting.png --side 64
    python -m benchmarks.cast_sorting score sorting.key.json 3 5 8 13 ...
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from previz.animate import to_uint8
from previz.cast._pairs import open_pairs
from previz.cast._samples import draw
from previz.errors import CastError, PrevizError
from previz.files import output_file
from previz.generator import load_generator
from previz.media import contact_sheet, resize, write_png

COLUMNS = 12


def shuffled(
    generated: Sequence[NDArray[np.uint8]], renders: Sequence[NDArray[np.uint8]], seed: int
) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """The pictures of both in a random order, and the numbers, from 1, of those that are generated."""
    order = np.random.default_rng(seed).permutation(len(generated) + len(renders))
    pictures = [*generated, *renders]
    places = [place for place, index in enumerate(order, 1) if index < len(generated)]
    return [pictures[index] for index in order], places


def score(generated: Sequence[int], count: int, named: Sequence[int]) -> tuple[float, float]:
    """The share of `count` pictures sorted right by naming some as generated, and its error by chance.

    CastError for numbers that aren't on the sheet.
    """
    strange = sorted(set(named) - set(range(1, count + 1)))
    if strange or not named:
        raise CastError(f"the sheet has pictures 1 to {count}, not {', '.join(map(str, strange)) or 'none'}")
    wrong = len(set(named) ^ set(generated))
    return (count - wrong) / count, math.sqrt(0.25 / count)


@torch.no_grad()
def make_sheet(checkpoint: str, dataset: Path, out: Path, count: int, side: int, seed: int) -> Path:
    """Write the sheet and, beside it, the key; returns the key's path."""
    pairs, generator = open_pairs(dataset), load_generator(checkpoint)
    rng = np.random.default_rng(seed)
    held = rng.permutation(pairs.held_out())[:count]
    if len(held) < count:
        raise CastError(f"{dataset}: {len(held)} held-out renders are there, {count} are asked for")
    codes = torch.from_numpy(rng.standard_normal((count, pairs.z_dim)).astype(np.float32))
    made = [to_uint8(draw(generator, z[None], pairs.size))[0].numpy() for z in codes]
    pictures, places = shuffled(made, list(pairs.images[np.sort(held)]), seed)
    small = [resize(picture, side) for picture in pictures]
    sheet = contact_sheet(small, COLUMNS, [str(number) for number in range(1, len(small) + 1)], gap=6)
    write_png(sheet, out)
    key = out.with_suffix(".key.json")
    with output_file(key, force=False) as temporary:
        temporary.write_text(json.dumps({"count": len(small), "generated": places}), encoding="utf-8")
    return key


def main() -> None:
    """Write a sheet, or score an answer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(dest="task", required=True)
    sheet = tasks.add_parser("sheet", help="write a sheet of both and its key")
    sheet.add_argument("checkpoint", help="a bundled character or a checkpoint")
    sheet.add_argument("dataset", type=Path, help="renders, as written by `previz cast dataset`")
    sheet.add_argument("-o", "--out", type=Path, required=True, help="the PNG to write")
    sheet.add_argument("--count", type=int, default=36, help="pictures of each kind")
    sheet.add_argument("--side", type=int, default=64, help="px of a picture's long side")
    sheet.add_argument("--seed", type=int, default=1)
    answer = tasks.add_parser("score", help="say how well somebody sorted a sheet")
    answer.add_argument("key", type=Path)
    answer.add_argument("named", type=int, nargs="+", help="the numbers that were called generated")
    chosen = parser.parse_args()
    try:
        if chosen.task == "sheet":
            key = make_sheet(
                chosen.checkpoint, chosen.dataset, chosen.out, chosen.count, chosen.side, chosen.seed
            )
            print(f"{chosen.out}: {2 * chosen.count} pictures; the key is {key}")
        else:
            known = json.loads(chosen.key.read_text(encoding="utf-8"))
            share, chance = score(known["generated"], known["count"], chosen.named)
            print(f"{share:.0%} sorted right; by chance 50% ± {chance:.0%}")
    except PrevizError as error:
        raise SystemExit(f"cast_sorting: {error}") from None


if __name__ == "__main__":
    main()
