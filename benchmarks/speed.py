"""Speed: seconds, memory and arithmetic of an iteration, against the reference's way of working.

Random config-f generators (the seconds don't depend on the weights) and the character herself; block 6, six
layers of W+. The ways are

- reference: what DragGAN's published code does in an iteration, written here from its description
  (bench_reference_loop.py): the whole picture is synthesised, the feature map resized to it, handles are
  whole pixels, the mask term is taken over the whole picture, and backward takes the gradients of all
  weights;
- adam: the paper's solver as previz has it: frozen weights, nothing beyond the feature block;
- ik, fresh: latent IK that takes derivatives in each iteration;
- ik: latent IK by its defaults, which use a Jacobian again where it predicted well.

Each leg runs in a process of its own, so that its peak memory is its own, which counts libraries and
weights. Targets are too far to be reached in so few iterations. An iteration is the mean over all but the
first; CPU seconds are of all threads (on a GPU: wall seconds). A frame is one iteration and the decode of
the picture, what a frame costs where one iteration arrives; how many it takes is told by the animation
suite. With a mask, the right half is to stay. `of the matrix rate` is the iteration's floating point
operations (convolutions and matrix products, as torch counts them) a second, over those of a product of two
1024 x 1024 float32 matrices in the same process. It can exceed 100%: a 3 x 3 convolution by Winograd's
algorithm takes 2.25 times fewer multiplications than are counted.
"""

from __future__ import annotations

import itertools
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks._figures import mean
from benchmarks._machine import clock, matrix_rate
from benchmarks._suite import Case, Options, Record, Suite, Table
from benchmarks.bench_reference_loop import BLOCK, faithful_loop, half_mask, random_generator
from benchmarks.landmarks import by
from previz import load_generator
from previz.drag import DragSettings, IKSettings, Iteration, drag, make_reference
from previz.generator import Generator

WAYS = ("reference", "adam", "ik, fresh", "ik")
HANDLES = (1, 3, 5, 20, 68)
FEW = 3  # handles where their number isn't what is measured
ITERATIONS, QUICK_ITERATIONS = 5, 2
Mark = Callable[[], object]


@dataclass(frozen=True)
class Leg:
    """What one process measures.

    Attributes:
        way: one of `WAYS`.
        on: px of a random generator, or the name of a character.
        handles: how many.
        masked: whether the right half is to stay.
        iterations: how many are timed, besides the first.
        device, threads: where.
    """

    way: str
    on: int | str
    handles: int
    masked: bool
    iterations: int
    device: str
    threads: int


def cases(options: Options) -> list[Case]:
    """A case for each generator, number of handles, and mask or none, with all ways."""
    grounds: list[int | str] = [*options.sizes, options.character]
    wanted = [(on, FEW, masked) for on in grounds for masked in (False, True)]
    wanted += [(options.character, count, False) for count in HANDLES if count != FEW]
    iterations = ITERATIONS
    if options.quick:
        wanted, iterations = [(options.character, FEW, False)], QUICK_ITERATIONS
    return [
        Case(
            f"{on}, {count} handles{', mask' * masked}",
            partial(measure_ways, Leg("", on, count, masked, iterations, options.device, options.threads)),
        )
        for on, count, masked in wanted
    ]


def measure_ways(leg: Leg) -> list[Record]:
    """All ways, each in a fresh process."""
    context = multiprocessing.get_context("spawn")
    records = []
    for way in WAYS:
        with context.Pool(1) as pool:
            records.append(pool.apply(run_leg, (replace(leg, way=way),)))
    return records


def run_leg(leg: Leg) -> Record:
    """One leg, in this process."""
    torch.set_num_threads(leg.threads)
    device = torch.device(leg.device)
    generator = make_generator(leg).to(device)
    marks: list[tuple[float, float]] = []
    iterate(leg, generator, leg.iterations + 1, lambda: marks.append((clock(device), time.perf_counter())))
    steps = list(itertools.pairwise(marks[1:]))
    if leg.device.startswith("cuda"):
        peak = torch.cuda.max_memory_allocated(device) / 2**30
    else:
        unit = 2**30 if sys.platform == "darwin" else 2**20
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    seconds = mean([after[0] - before[0] for before, after in steps])
    operations = count_operations(leg, generator)
    return {
        "on": str(leg.on),
        "px": generator.width,
        "handles": leg.handles,
        "masked": leg.masked,
        "way": leg.way,
        "iteration": seconds,
        "iteration_wall": mean([after[1] - before[1] for before, after in steps]),
        "frame": seconds + (0.0 if leg.way == "reference" else decode_seconds(generator)),
        "peak_gib": peak,
        "gflop": operations / 1e9,
        "matrix_share": operations / seconds / matrix_rate(device),
    }


def make_generator(leg: Leg) -> Generator:
    """The random generator or the character, on the CPU."""
    if isinstance(leg.on, int):
        return random_generator(leg.on)
    return load_generator(leg.on)


def spread_points(count: int, size: int) -> Tensor:
    """[N, 2] px: a sunflower's seeds over the middle of the picture."""
    index = torch.arange(count) + 0.5
    angle, radius = index * 2.399963, 0.3 * size * (index / count).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=-1) + size / 2


def iterate(leg: Leg, generator: Generator, iterations: int, mark: Mark) -> None:
    """So many iterations, a mark at each."""
    size, device = generator.width, generator.device
    handles = spread_points(leg.handles, size).to(device)
    targets = handles + 0.2 * size
    mask = half_mask(size).to(device) if leg.masked else None
    w = generator.sample_w(1)
    if leg.way == "reference":
        faithful_loop(generator, w, handles, targets, mask, iterations, mark)
        return
    generator.requires_grad_(False)
    ik = IKSettings(max_iterations=iterations, stall_window=iterations + 1)
    if leg.way == "ik, fresh":
        ik = replace(ik, reuse=0.0)
    settings = DragSettings(
        method="adam" if leg.way == "adam" else "ik",
        block=BLOCK,
        max_iterations=iterations,
        stall_window=iterations + 1,
        ik=ik,
    )
    reference = make_reference(generator, w[0], handles, settings)

    def note(_: Iteration) -> None:
        mark()

    drag(generator, w[0], handles, targets, reference, settings, mask, callback=note)


class OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the floating point operations of what runs under it, by torch's own formulas.

    torch's FlopCounterMode also hooks the modules, which gradients of w through frozen ones don't survive.
    """

    total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and count it."""
        result = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


def count_operations(leg: Leg, generator: Generator) -> float:
    """Floating point operations of an iteration, the mean of two."""
    counter, seen = OperationCounter(), list[int]()  # type: ignore[no-untyped-call]
    with counter:
        iterate(leg, generator, 3, lambda: seen.append(counter.total))
    return mean([after - before for before, after in itertools.pairwise(seen[1:])])


def decode_seconds(generator: Generator) -> float:
    """Seconds of a whole picture, the better of two."""
    w, found = generator.sample_w(1), []
    for _ in range(2):
        start = clock(generator.device)
        with torch.no_grad():
            generator.synthesis(w)
        found.append(clock(generator.device) - start)
    return min(found)


def tables(records: Sequence[Record]) -> list[Table]:
    """One by generator and mask, one by the number of handles."""
    heads = (
        *("generator", "px", "handles", "mask", "way", "s an iteration", "times less", "wall s", "s a frame"),
        *("peak GiB", "GFLOP", "of the matrix rate"),
    )
    few = [record for record in records if record["handles"] == FEW]
    made = [Table("By size and mask", heads, _rows(few))]
    swept = {record["on"] for record in records if record["handles"] != FEW}
    many = [record for record in records if record["on"] in swept and not record["masked"]]
    if many:
        many = sorted(many, key=lambda record: record["handles"])
        made.append(Table("By the number of handles", heads, _rows(many)))
    return made


def _rows(records: Sequence[Record]) -> list[list[str]]:
    keyed = [record | {"key": (record["on"], record["handles"], record["masked"])} for record in records]
    rows = []
    for _, own in by(keyed, "key"):
        first = own[0]["iteration"]
        for one in own:
            on = "random" if one["on"].isdigit() else one["on"]
            rows.append(
                [
                    *(on, str(one["px"]), str(one["handles"]), "yes" if one["masked"] else "no", one["way"]),
                    *(f"{one['iteration']:.3f}", f"{first / one['iteration']:.1f}"),
                    *(f"{one['iteration_wall']:.3f}", f"{one['frame']:.3f}", f"{one['peak_gib']:.2f}"),
                    *(f"{one['gflop']:.1f}", f"{one['matrix_share']:.0%}"),
                ]
            )
    return rows


SUITE = Suite("speed", __doc__ or "", cases, tables)
