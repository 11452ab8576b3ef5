"""Make latent paths with exact landmarks: benchmarks/paths_<domain>.npz.

Method. The codes of a path are those of the evaluation pairs: from the source's performance (pose,
expression, gaze) over the target's to that of the next pair's target, 12 frames each, along great circles,
eased in and out; who it is and the light stay. Landmarks are those of the posed mesh by projection, with
visibility by a ray cast, as in the pairs. Nothing is drawn at random, so the same pack gives the same file.
The arrays are

- `z` float32 [P, F, Z], the codes;
- `landmarks` uint16 [P, F, K, 2], ten thousandths of the picture's sides and 10,000 more, origin at the
  top-left corner;
- `visible` bool [P, F, K];
- `names` [K].

    python -m benchmarks.cast_paths cast-work/pack.npz --domain mira
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from previz.cast import Domain, EvalPair, Renderer, find_domain, load_pack, load_pairs
from previz.cast._eval_pairs import PERFORMANCE
from previz.errors import CastError
from previz.files import output_file

HERE = Path(__file__).parent
FRAMES = 12  # from one performance to the next
DIGITS = 10_000
SIZE = 1024
_BELOW = 10_000  # what is added, so that landmarks outside the picture are above zero


@dataclass(frozen=True)
class LatentPath:
    """A path of codes whose landmarks are known.

    Attributes:
        z: [F, Z].
        landmarks: [F, K, 2] normalised, x over the width and y over the height.
        visible: [F, K].
        names: of the K landmarks.
    """

    z: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    visible: NDArray[np.bool_]
    names: tuple[str, ...]


def path_codes(domain: Domain, pair: EvalPair, after: EvalPair) -> NDArray[np.float32]:
    """The codes [F, Z] from the pair's source over its target to the next pair's target."""
    source, target = pair.codes(domain)
    columns = [column for group in PERFORMANCE for column in domain.z_groups.get(group, ())]
    wanted = after.codes(domain)[1][columns]
    last = source.copy()
    last[columns] = wanted * np.linalg.norm(source[columns]) / max(float(np.linalg.norm(wanted)), 1e-12)
    parts = [_between(source, target, columns), _between(target, last, columns)[1:]]
    return np.concatenate(parts).astype(np.float32)


def _between(
    a: NDArray[np.float64], b: NDArray[np.float64], columns: list[int]
) -> NDArray[np.float64]:  # [FRAMES + 1, Z]
    """Along a great circle in these columns, eased in and out; the others are a's."""
    ease = 0.5 - 0.5 * np.cos(np.pi * np.linspace(0, 1, FRAMES + 1))[:, None]
    one, other = a[columns], b[columns]
    length = max(float(np.linalg.norm(one)), 1e-12)
    angle = float(np.arccos(np.clip(one @ other / length**2, -1, 1)))
    codes = np.tile(a, (FRAMES + 1, 1))
    if angle > 1e-6:
        codes[:, columns] = (np.sin((1 - ease) * angle) * one + np.sin(ease * angle) * other) / np.sin(angle)
    return codes


def load_paths(path: Path) -> tuple[LatentPath, ...]:
    """Read what this script wrote; CastError where it can't be."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("z", "landmarks", "visible", "names")}
    except (OSError, ValueError, KeyError) as error:
        raise CastError(f"{path}: not a file of latent paths ({error})") from error
    names = tuple(str(name) for name in arrays["names"])
    places = (arrays["landmarks"].astype(np.float32) - _BELOW) / DIGITS
    return tuple(
        LatentPath(z, points, seen, names)
        for z, points, seen in zip(arrays["z"], places, arrays["visible"], strict=True)
    )


def main() -> None:
    """Write the file and say where."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pack", type=Path)
    parser.add_argument("--domain", default="mira")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--out", type=Path, help="benchmarks/paths_<domain>.npz by default")
    arguments = parser.parse_args()
    domain, renderer = find_domain(arguments.domain), Renderer(load_pack(arguments.pack))
    pairs = load_pairs(HERE / f"pairs_{domain.name}.json").pairs
    same = [pair for pair in pairs if pair.kind == "same"]
    z = np.stack([path_codes(domain, *both) for both in pairwise(same)][: arguments.count])
    height, width = domain.picture_shape(SIZE)
    seen = [[renderer.landmarks(domain.scene_from_z(code), (height, width)) for code in path] for path in z]
    points = np.array([[frame[0] for frame in path] for path in seen]) / [width, height]
    visible = np.array([[frame[1] for frame in path] for path in seen])
    out = arguments.out or HERE / f"paths_{domain.name}.npz"
    with output_file(out, force=True) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            z=z,
            landmarks=np.rint(points * DIGITS + _BELOW).clip(0, 65535).astype(np.uint16),
            visible=visible,
            names=np.array(list(renderer.pack.landmarks)),
        )
    print(f"{out}: {len(z)} paths of {domain.name}, {z.shape[1]} frames, {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
