"""Make the evaluation pairs of a domain: benchmarks/pairs_<domain>.json.

Method. 100 pairs "same" (one person in one light: pose, expression and gaze change) and 100 "other" (two
random seeds, as in DragGAN's evaluation), seed after seed from 100,000 on, so that no seed serves twice.
Landmarks are those of the posed mesh by projection, with visibility by a ray cast; nothing is learnt or
drawn at random besides the seeds, so the same pack gives the same file. Read them with
`previz.cast.load_pairs`.

    python -m benchmarks.cast_pairs cast-work/pack.npz --domain head
"""

from __future__ import annotations

import argparse
from pathlib import Path

from previz.cast import Renderer, find_domain, load_pack, make_pairs
from previz.cast._eval_pairs import pairs_json
from previz.files import output_file


def main() -> None:
    """Write the file and say where."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pack", type=Path)
    parser.add_argument("--domain", default="head")
    parser.add_argument("--count", type=int, default=100, help="pairs of each kind")
    parser.add_argument("--out", type=Path, help="benchmarks/pairs_<domain>.json by default")
    arguments = parser.parse_args()
    out = arguments.out or Path(__file__).parent / f"pairs_{arguments.domain}.json"
    pairs = make_pairs(Renderer(load_pack(arguments.pack)), find_domain(arguments.domain), arguments.count)
    with output_file(out, force=True) as temporary:
        temporary.write_text(pairs_json(pairs), encoding="utf-8")
    print(f"{out}: {len(pairs.pairs)} pairs of {pairs.domain}, {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
