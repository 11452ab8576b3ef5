"""Pairs of seeds to drag between, with exact landmarks: what solvers are measured on.

A pair is a source and a target picture. In the `other` pairs, as in the paper, the target is another
random seed. In the `same` pairs it is the same person in the same light: of the target seed's code only
the dimensions of pose, expression and gaze are taken. Codes are those of `Generator.sample_w`:
RandomState(seed).randn(1, Z).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from previz.cast._domain import Domain
from previz.cast._renderer import Renderer
from previz.errors import CastError

__all__ = [
    "EvalPair",
    "EvalPairs",
    "exchange_performance",
    "load_pairs",
    "make_pairs",
    "pairs_json",
    "seed_code",
]

FORMAT = 1
PERFORMANCE = ("pose", "expression", "gaze")
DIGITS = 10_000  # landmarks are stored as whole parts of the picture's sides: 0.01 px of 100


@dataclass(frozen=True)
class EvalPair:
    """Where to drag from and to. Landmarks are normalised: x over the width, y over the height."""

    kind: Literal["same", "other"]
    source_seed: int
    target_seed: int
    source: NDArray[np.float32]  # [K, 2]
    target: NDArray[np.float32]  # [K, 2]
    source_visible: NDArray[np.bool_]  # [K]
    target_visible: NDArray[np.bool_]  # [K]

    def codes(self, domain: Domain) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The codes z [Z] of source and target."""
        return _codes(domain, self.kind, self.source_seed, self.target_seed)


@dataclass(frozen=True)
class EvalPairs:
    """The pairs of a domain, and the names of their landmarks."""

    domain: str
    pack: str  # digest of the pack that they were measured on
    landmarks: tuple[str, ...]
    pairs: tuple[EvalPair, ...]


def seed_code(domain: Domain, seed: int) -> NDArray[np.float64]:
    """The code z [Z] that `Generator.sample_w` draws for a seed."""
    code: NDArray[np.float64] = np.random.RandomState(seed).randn(1, domain.z_dim)[0]
    return code


def _codes(
    domain: Domain, kind: str, source_seed: int, target_seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    source, target = seed_code(domain, source_seed), seed_code(domain, target_seed)
    return source, exchange_performance(domain, source, target) if kind == "same" else target


def exchange_performance(
    domain: Domain, source: NDArray[np.floating], target: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The source's code [Z] with the target's pose, expression and gaze.

    These are scaled together so that the code keeps its length: as a scene is a function of the normalised
    code, only then is everything else exactly the same.
    """
    columns = [column for group in PERFORMANCE for column in domain.z_groups.get(group, ())]
    mixed = np.asarray(source, np.float64).copy()
    wanted = np.asarray(target, np.float64)[columns]
    mixed[columns] = wanted * np.linalg.norm(mixed[columns]) / max(float(np.linalg.norm(wanted)), 1e-12)
    return mixed


def make_pairs(renderer: Renderer, domain: Domain, count: int = 100, first_seed: int = 100_000) -> EvalPairs:
    """`count` pairs of each kind, seed after seed from `first_seed` on."""
    made = []
    for number in range(2 * count):
        kind: Literal["same", "other"] = "same" if number < count else "other"
        seeds = first_seed + 2 * number, first_seed + 2 * number + 1
        source, target = _codes(domain, kind, *seeds)
        first, second = _measure(renderer, domain, source), _measure(renderer, domain, target)
        made.append(EvalPair(kind, *seeds, first[0], second[0], first[1], second[1]))
    return EvalPairs(domain.name, renderer.pack.digest, tuple(renderer.pack.landmarks), tuple(made))


def _measure(
    renderer: Renderer, domain: Domain, code: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    height, width = domain.picture_shape(1024)
    points, visible = renderer.landmarks(domain.scene_from_z(code), (height, width))
    return (points / np.array([width, height])).astype(np.float32), visible


def pairs_json(pairs: EvalPairs) -> str:
    """The pairs as compact JSON, one pair a line."""
    head = {"format": FORMAT, "domain": pairs.domain, "pack": pairs.pack, "digits": DIGITS}
    head |= {"landmarks": list(pairs.landmarks)}
    rows = [json.dumps(_row(pair), separators=(",", ":")) for pair in pairs.pairs]
    return json.dumps(head)[:-1] + ',\n"pairs": [\n' + ",\n".join(rows) + "\n]}\n"


def _row(pair: EvalPair) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": pair.kind, "seeds": [pair.source_seed, pair.target_seed]}
    for name, points, visible in (
        ("source", pair.source, pair.source_visible),
        ("target", pair.target, pair.target_visible),
    ):
        row[name] = np.rint(points * DIGITS).astype(int).ravel().tolist()
        row[f"{name}_visible"] = "".join("1" if seen else "0" for seen in visible)
    return row


def load_pairs(path: str | Path) -> EvalPairs:
    """Read pairs that `pairs_json` wrote; CastError where they can't be."""
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}; this previz reads format {FORMAT}")
        names = tuple(content["landmarks"])
        pairs = tuple(_pair(row, content["digits"], len(names)) for row in content["pairs"])
        return EvalPairs(content["domain"], content["pack"], names, pairs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CastError(f"{path}: not a file of evaluation pairs ({error})") from error


def _pair(row: dict[str, Any], digits: int, count: int) -> EvalPair:
    points = [(np.array(row[name], np.float32) / digits).reshape(count, 2) for name in ("source", "target")]
    seen = [np.array([c == "1" for c in row[f"{name}_visible"]]) for name in ("source", "target")]
    if any(len(one) != count for one in seen):
        raise ValueError("visibility of another number of landmarks")
    return EvalPair(row["kind"], *row["seeds"], *points, *seen)
