"""The file that an adversarial run goes on from, and the generators that one may start from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from previz.cast._adversarial import AdversarialState, new_adversarial_state
from previz.cast._adversarial_settings import AdversarialSettings
from previz.cast._real_pictures import RealPictures
from previz.cast._train import STATE as REGRESSION_STATE
from previz.errors import CastError
from previz.files import output_file
from previz.generator import Generator, GeneratorConfig, load_generator

__all__ = [
    "ADVERSARIAL_STATE",
    "load_adversarial_average",
    "open_adversarial_state",
    "save_adversarial_state",
    "starting_generator",
]

ADVERSARIAL_STATE = "adversarial.pt"


def save_adversarial_state(
    state: AdversarialState, settings: AdversarialSettings, real: RealPictures, folder: Path
) -> None:
    """Write the run to `folder`, in place of what was there, in one step."""
    content = {
        "generator": state.generator.state_dict(),
        "average": state.average.state_dict(),
        "discriminator": state.discriminator.state_dict(),
        "generator_adam": state.generator_adam.state_dict(),
        "discriminator_adam": state.discriminator_adam.state_dict(),
        "progress": {name: getattr(state, name) for name in _PROGRESS},
        "settings": json.dumps(asdict(settings)),
        "config": json.dumps(state.generator.config.to_dict()),
        "real": real.name,
    }
    with output_file(folder / ADVERSARIAL_STATE, force=True) as partial:
        torch.save(content, partial)


_MAY_CHANGE = {"images", "push", "matching", "r1", "path_length", "decay", "ema_pictures", "ema_share"}
_PROGRESS = ("step", "seen", "seconds", "augmentation", "signs", "path_mean", "balance")


def open_adversarial_state(
    real: RealPictures,
    folder: Path,
    settings: AdversarialSettings,
    start: Generator | GeneratorConfig,
    device: torch.device,
) -> AdversarialState:
    """The state of the run in `folder`, or of a new one; CastError where it can't be gone on with."""
    config = start.config if isinstance(start, Generator) else start
    if (config.height, config.width) != real.shape:
        height, width = real.shape
        raise CastError(
            f"the generator draws {config.width}x{config.height} px, the pictures are {width}x{height}; "
            "give pictures of its size"
        )
    path = folder / ADVERSARIAL_STATE
    if not path.exists():
        return new_adversarial_state(start, settings, device)
    content = read_state(path)
    _check_resumed(content, folder, settings, config, real.name)
    try:
        state = new_adversarial_state(config, settings, device)
        for name in ("generator", "average", "discriminator", "generator_adam", "discriminator_adam"):
            getattr(state, name).load_state_dict(content[name])
        for name in _PROGRESS:
            setattr(state, name, content["progress"][name])
    except Exception as error:
        raise CastError(f"{path}: not a state that can be resumed; move it away to start anew") from error
    return state


def _check_resumed(
    content: dict[str, Any],
    folder: Path,
    settings: AdversarialSettings,
    config: GeneratorConfig,
    name: str,
) -> None:
    """CastError where a run was begun with other settings than may change on the way."""
    found, wanted = json.loads(content["settings"]), json.loads(json.dumps(asdict(settings)))
    found |= {"pictures": content["real"], "architecture": json.loads(content["config"])}
    wanted |= {"pictures": name, "architecture": json.loads(json.dumps(config.to_dict()))}
    for key in wanted:
        if key not in _MAY_CHANGE and found.get(key) != wanted[key]:
            told = "another" if key == "architecture" else f"{found.get(key)}, not {wanted[key]}"
            raise CastError(f"{folder}: its adversarial run has {key} {told}; give another folder")


def read_state(path: Path) -> dict[str, Any]:
    """The content of a state of either kind of run; CastError where it is damaged."""
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        json.loads(content["config"])
    except Exception as error:
        raise CastError(f"{path}: not a state that can be resumed; move it away to start anew") from error
    return dict(content)


def load_adversarial_average(folder: Path) -> tuple[Generator, dict[str, Any]] | None:
    """The averaged generator of the adversarial run in `folder` and its progress; None if there is none."""
    path = folder / ADVERSARIAL_STATE
    if not path.exists():
        return None
    content = read_state(path)
    return _average(content, path), content["progress"]


def starting_generator(path: Path) -> Generator:
    """The trained generator that a path names: a checkpoint, or a run's folder, whose average it is."""
    if path.is_file():
        return load_generator(path)
    for name in (ADVERSARIAL_STATE, REGRESSION_STATE):
        if (path / name).exists():
            return _average(read_state(path / name), path / name)
    raise CastError(f"{path}: neither a checkpoint nor a run's folder; train one with `previz cast train`")


def _average(content: dict[str, Any], path: Path) -> Generator:
    try:
        with torch.random.fork_rng(devices=[]):  # the weights that are drawn are replaced at once
            generator = Generator(GeneratorConfig.from_dict(json.loads(content["config"])))
        generator.load_state_dict(content["average"])
    except Exception as error:
        raise CastError(f"{path}: not a state that can be resumed; move it away to start anew") from error
    return generator
