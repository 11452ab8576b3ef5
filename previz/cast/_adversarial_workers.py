"""Starting an adversarial run: on a GPU in this process, on a CPU in one single-threaded process per core."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from previz.animate import cpu_threads
from previz.cast._adversarial_run import AdversarialEvent, Features, train_adversarial
from previz.cast._adversarial_settings import AdversarialSettings
from previz.cast._adversarial_state import (
    ADVERSARIAL_STATE,
    open_adversarial_state,
    starting_generator,
)
from previz.cast._images import ImageSettings, open_images, prepare_images
from previz.cast._judge import load_judge
from previz.cast._paired_pictures import PairedPictures
from previz.cast._pairs import open_pairs
from previz.cast._processes import join_trainers
from previz.cast._real_pictures import RealPictures
from previz.errors import CastError
from previz.generator import Generator, GeneratorConfig, pick_device, resolve_device

__all__ = ["AdversarialRun", "train_adversarially"]

Callback = Callable[[AdversarialEvent], None]


@dataclass(frozen=True)
class AdversarialRun:
    """What an adversarial run is made of: renders with their codes (`dataset`), or a folder of `images`.

    `start` is a checkpoint or a run's folder; where it is None, a run of renders starts from the regression
    in `folder`, and a run of images from scratch. `judge` is a file for the Fréchet distance.
    """

    folder: Path
    settings: AdversarialSettings
    dataset: Path | None = None
    images: ImageSettings | None = None
    start: Path | None = None
    judge: Path | None = None
    every: float = 120.0


def train_adversarially(
    run: AdversarialRun, processes: int = 1, device: str = "auto", callback: Callback | None = None
) -> None:
    """Train, or go on with the run in its folder; `callback` is called in the first process, and must pickle.

    On a GPU one process does it all, and `processes` is not looked at. Raises CastError or DeviceError,
    before any process is started, for what can't be trained on; KeyboardInterrupt, the state saved, where
    the run was interrupted.
    """
    where = resolve_device(pick_device(device))
    if run.images is not None:
        prepare_images(run.images, run.folder)
    real, start = _open(run)
    if run.judge is not None:
        _features(run.judge, where)
    open_adversarial_state(real, run.folder, run.settings, start, torch.device("cpu"))
    if where.type != "cpu":
        _train(run, where, callback)
    elif processes == 1:
        with cpu_threads(1):
            _train(run, where, callback)
    else:
        del real, start
        with tempfile.TemporaryDirectory() as meeting:
            arguments = (run, processes, Path(meeting) / "store", callback)
            join_trainers(spawn(_work, args=arguments, nprocs=processes, join=False))  # type: ignore[no-untyped-call]


def _train(run: AdversarialRun, device: torch.device, callback: Callback | None, rank: int = 0) -> None:
    real, start = _open(run)
    features = _features(run.judge, device) if run.judge is not None and rank == 0 else None
    train_adversarial(
        real,
        run.folder,
        run.settings,
        start,
        callback,
        device=device,
        rank=rank,
        every=run.every,
        features=features,
    )


def _open(run: AdversarialRun) -> tuple[RealPictures, Generator | GeneratorConfig]:
    """The real pictures, and what the generator is at first (or its architecture, where the run goes on)."""
    if run.images is not None:
        pictures = open_images(run.images, run.folder)
        return pictures, run.images.config() if run.start is None else starting_generator(run.start)
    if run.dataset is None:
        raise CastError("an adversarial run needs renders (a dataset) or a folder of pictures")
    pairs = open_pairs(run.dataset)
    pairs.training()  # which raises where there is nothing to train on
    source = run.folder if (run.folder / ADVERSARIAL_STATE).exists() else run.start or run.folder
    start = starting_generator(source)
    if start.z_dim != pairs.z_dim:
        raise CastError(
            f"{source}: its generator has codes of {start.z_dim}, the dataset of {pairs.z_dim}; "
            "start from a run on such a dataset"
        )
    return PairedPictures(pairs, run.settings.face_weight), start


def _features(path: Path, device: torch.device) -> Features:
    judge = load_judge(path).to(device)
    return lambda pictures: judge.features(pictures.to(device))


def _work(rank: int, run: AdversarialRun, processes: int, store: Path, callback: Callback | None) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=store.as_uri(), rank=rank, world_size=processes)
    try:
        # The first process has saved the state, and the parent raises for all of them.
        with suppress(KeyboardInterrupt):
            _train(run, torch.device("cpu"), callback if rank == 0 else None, rank)
            dist.barrier()  # a process that leaves while another still speaks to it may be aborted
    finally:
        dist.destroy_process_group()
