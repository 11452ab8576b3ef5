"""One trainer process per core, with their gradients averaged: two threads in one process gain nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from previz.animate import cpu_threads
from previz.cast._adversarial_state import starting_generator
from previz.cast._pairs import open_pairs
from previz.cast._processes import join_trainers
from previz.cast._train import TrainEvent, TrainSettings, open_run, save_state, train
from previz.cast._warm_start import Source
from previz.generator import pick_device, resolve_device


def train_in_processes(
    dataset: Path,
    folder: Path,
    settings: TrainSettings,
    processes: int,
    callback: Callable[[TrainEvent], None] | None = None,
    evaluate_every: float = 120.0,
    device: str = "auto",
    source: Path | None = None,
) -> None:
    """Run `train` in single-threaded processes; `callback` is called in the first, and must pickle.

    With `device` "auto" a CUDA GPU is taken where there is one; there, all is one process. A new run starts
    from the layers of the checkpoint or run `source`, where that is given.

    Raises CastError, before any process is started, for a dataset or a run that can't be trained on, and
    DeviceError for a device that isn't there.
    """
    where = resolve_device(pick_device(device))
    start = Source(source, starting_generator(source)) if source else None
    pairs = open_pairs(dataset)
    if where.type != "cpu":
        train(pairs, folder, settings, callback, evaluate_every=evaluate_every, device=where, source=start)
        return
    if processes == 1:
        with cpu_threads(1):
            train(pairs, folder, settings, callback, evaluate_every=evaluate_every, source=start)
        return
    folder.mkdir(parents=True, exist_ok=True)
    state = open_run(pairs, folder, settings, source=start)  # in a process, an error would be a traceback
    if not state.step:
        save_state(state, settings, folder)  # the processes share one lesson
    with tempfile.TemporaryDirectory() as meeting:
        arguments = (processes, Path(meeting) / "store", dataset, folder, settings, callback, evaluate_every)
        join_trainers(spawn(_work, arguments, processes, join=False))  # type: ignore[no-untyped-call]


def _work(
    rank: int,
    processes: int,
    store: Path,
    dataset: Path,
    folder: Path,
    settings: TrainSettings,
    callback: Callable[[TrainEvent], None] | None,
    evaluate_every: float,
) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=store.as_uri(), rank=rank, world_size=processes)
    try:
        heard = callback if rank == 0 else None
        train(open_pairs(dataset), folder, settings, heard, rank=rank, evaluate_every=evaluate_every)
        dist.barrier()  # a process that leaves while another still speaks to it may be aborted
    finally:
        dist.destroy_process_group()
