"""From a run on a folder of pictures to a checkpoint with its card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from previz.cast._adversarial_run import LOG
from previz.cast._adversarial_state import load_adversarial_average
from previz.cast._images import MANIFEST
from previz.cast._train import set_w_average
from previz.errors import CastError
from previz.files import check_output
from previz.generator import Generator, load_generator, save_generator

__all__ = ["export_images_run"]


def export_images_run(folder: Path, path: Path, name: str, *, force: bool = False) -> Generator:
    """Write the averaged generator of a run on pictures as a checkpoint, and return it as it was written.

    Raises CastError where the folder holds no such run, and OutputError for a checkpoint that exists already.
    """
    path = check_output(path, force)
    found = load_adversarial_average(folder)
    if found is None or not (folder / MANIFEST).exists():
        raise CastError(f"{folder}: holds no run on pictures; start one with `previz cast train --images`")
    generator, progress = found
    set_w_average(generator)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    height, width = manifest["resolution"]
    card: dict[str, Any] = {
        "name": name,
        "description": f"learnt adversarially from {len(manifest['kept'])} pictures",
        "licence": "that of the pictures it was trained on",
        "how": [
            f"previz cast train RUN --images FOLDER --resolution {height}x{width}",
            f"previz cast export --run RUN -o {name}.safetensors",
        ],
        "training": {
            "steps": progress["step"],
            "pictures": progress["seen"],
            "seconds": round(progress["seconds"]),
            "augmentation": round(progress["augmentation"], 3),
        },
        "figures": _last_figures(folder / LOG),
        "parameters": sum(parameter.numel() for parameter in generator.parameters()),
    }
    return load_generator(save_generator(generator, path, card, force=force))


def _last_figures(log: Path) -> dict[str, float]:
    """The Fréchet distance that the run's log ends with, where it was measured."""
    if not log.exists():
        return {}
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    distances = [line["frechet"] for line in lines if "frechet" in line]
    return {"frechet": distances[-1]} if distances else {}
