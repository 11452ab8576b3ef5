"""From a timeline and a generator to a shot that is ready to be solved."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

import previz
from previz.animate._latents import base_path
from previz.animate._record import SOLVER_VERSION, input_hash
from previz.animate._shot import Shot
from previz.drag import AUTO, DragSettings, make_reference
from previz.errors import SolveError
from previz.generator import Generator
from previz.timeline import SolverSpec, Timeline, sample_timeline


def prepare(timeline: Timeline, generator: Generator, threads: int, together: bool = False) -> Shot:
    """Sample the timeline for the generator, and remember how its handles look in the start latent.

    `threads` is how many CPU threads the frames will be solved with, and `together` whether side by side with
    those of other shots: their last bits depend on both.
    Raises SolveError for a latent, label or setting that doesn't fit the generator and for weights that are
    not numbers, TimelineError for masks that can't be read, and for layers and directions that the generator
    doesn't have.
    """
    samples = sample_timeline(timeline, generator.width, generator.height)
    start, targets = samples.start.astype(np.float32), samples.targets.astype(np.float32)
    weights, influence = samples.weights.astype(np.float32), samples.influence.astype(np.float32)
    first, path = base_path(timeline, generator)
    w = torch.from_numpy(first.copy()).to(generator.device)
    settings = drag_settings(timeline.solver, samples.tolerance_px, len(samples.names))
    reference = make_reference(generator, w, torch.from_numpy(start).to(generator.device), settings)
    if not bool(torch.isfinite(reference.feature_map).all()):
        raise SolveError(
            f"character: the first picture of {timeline.character.checkpoint} holds values that are "
            "not numbers; its weights are damaged, or the latent is far too large"
        )
    digest = generator.digest
    depends_on = {
        "version": SOLVER_VERSION,
        "generator": digest,
        "performance": generator.card.get("performance"),  # the metric reads it
        "device": generator.device.type,
        "threads": threads if generator.device.type == "cpu" else None,
        "drag": asdict(settings),
    }
    if together:
        depends_on["together"] = True
    keyed = [index for index, frame in enumerate(samples.frames) if frame in samples.keyed]
    return Shot(
        frames=samples.frames,
        names=samples.names,
        start=start,
        targets=targets,
        masks=samples.masks,
        weights=weights,
        influence=influence,
        soft=samples.soft,
        keyed=tuple(keyed),
        w=w,
        path=path,
        reference=reference,
        settings=settings,
        root=input_hash("", depends_on, {"w": first, "start": start, "soft": samples.soft}),
        generator=generator,
        digest=digest,
    )


def drag_settings(solver: SolverSpec, tolerance: float | None, handles: int) -> DragSettings:
    """The drag settings that a timeline asks for; `tolerance` in pixels of the generator's image.

    Without one it is the paper's: 1 px for up to five handles, 2 px for more.
    """
    return DragSettings(
        method=AUTO if solver.method == "auto" else solver.method,  # a frame depends on what auto means now
        learning_rate=solver.learning_rate,
        block=solver.block,
        layers=solver.layers,
        space=solver.space,
        metric=solver.metric,
        radius_motion=solver.radius_motion,
        radius_tracking=solver.radius_tracking,
        mask_weight=solver.mask_weight,
        precision=solver.precision,
        tolerance=tolerance if tolerance is not None else (1.0 if handles <= 5 else 2.0),
        max_iterations=solver.max_iterations,
    )


def start_latent(timeline: Timeline, generator: Generator) -> Tensor:
    """The latent [num_ws, w_dim] of a timeline's first frame, before anything is dragged.

    Raises what `prepare` does of latents.
    """
    return torch.from_numpy(base_path(timeline, generator)[0].copy()).to(generator.device)


def take_settings(timeline: Timeline, shot: Shot, threads: int, together: bool) -> dict[str, Any]:
    """What a take tells of how it was solved: JSON-able, and enough to solve it again."""
    generator = shot.generator
    return {
        "timeline": timeline.to_dict(),
        "source": str(timeline.source) if timeline.source else None,
        "mode": timeline.solver.mode,
        "tolerance": shot.settings.tolerance,
        "soft": [name for name, soft in zip(shot.names, shot.soft, strict=True) if soft],
        "drag": asdict(shot.settings),
        "generator": {
            "name": timeline.character.checkpoint,
            "path": timeline.checkpoint,
            "digest": shot.digest,
            "num_ws": generator.num_ws,
            "w_dim": generator.w_dim,
        },
        "device": str(generator.device),
        "threads": threads,
        "together": together,
        "versions": {"previz": previz.__version__, "solver": SOLVER_VERSION, "torch": str(torch.__version__)},
    }
