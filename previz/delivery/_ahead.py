"""Pictures are decoded and encoded in a second thread, while the frames after them are being solved.

They come out as they do from a finished take, to the bit: a thread computes with the number of CPU threads
that holds outside of a solve, and on a GPU, where drags set up cuDNN for the whole process, it is the solving
thread that decodes, between two drags.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from queue import Queue

import numpy as np
import torch

from previz.animate import FrameRecord, FrameSolved, SolveEvent, decode_latents, stack, usable_cores
from previz.delivery._deliver import Delivery
from previz.delivery._encode import Watch, WritePicture, open_outputs, unwatched
from previz.delivery._pictures import Finisher
from previz.generator import Generator
from previz.media import Frame, output_kind
from previz.timeline import Samples

LINE = 8
"""How many frames may wait to be written; a solve that is farther ahead waits too."""

_Item = tuple[int, FrameRecord, Frame | None]  # a frame's number, the frame, its picture if that is decoded


def writes_ahead(delivery: Delivery, generator: Generator, threads: int = 1) -> bool:
    """Whether pictures can be written while a solve with so many `threads` goes on.

    Not where

    - the take will be smoothed: then no frame is final before all are solved;
    - the slate tells the whole take's error, and trails and ghosts of keys show frames that come later;
    - the clip or what lies besides it is numbered pictures: each is in its place once it is written, so that
      a solve that is stopped would leave some, which a clip, that is renamed into its place, doesn't;
    - the frames are solved on a CPU that has no core left for anything else.
    """
    look, outputs = delivery.look, delivery.outputs
    return (
        delivery.timeline.solver.smooth is None
        and not (look.slate or look.trails or look.onion)
        and outputs.images is None
        and output_kind(outputs.video) != "pictures"
        and (generator.device.type != "cpu" or usable_cores() > threads)
    )


@dataclass
class Ahead:
    """Outputs that are being written, as a solve tells of its frames.

    The outputs are opened with the first frame and closed by `finish`, both in the thread that solves.
    """

    delivery: Delivery
    generator: Generator
    samples: Samples
    watch: Watch
    opened: ExitStack
    pool: ThreadPoolExecutor
    wanted: int  # the next frame to hand on
    early: dict[int, FrameRecord] = field(default_factory=dict)  # keys, solved before what is between
    line: Queue[_Item | None] = field(default_factory=lambda: Queue(LINE))
    writing: Future[None] | None = None
    failed: bool = False
    stopped: bool = False
    finished: bool = False

    def tell(self, event: SolveEvent) -> None:
        """Take an event of `solve`. Raises MediaError and OutputError for frames that can't be written."""
        last = self.delivery.outputs.frames.last
        if isinstance(event, FrameSolved) and event.record is not None and self.wanted <= event.frame <= last:
            self.early[event.frame] = event.record
        while self.wanted in self.early:
            self._hand_on(self.wanted, self.early.pop(self.wanted))
            self.wanted += 1

    def finish(self) -> None:
        """Wait until all is written, and put it in place. Raises MediaError and OutputError."""
        self.line.put(None)
        if self.writing is not None:
            self.writing.result()
        self.finished = True
        self.opened.close()

    def stop(self) -> None:
        """Write no more; returns when the frame under way is written."""
        self.stopped = True
        if self.writing is not None and not self.writing.done():
            self.line.put(None)

    def _hand_on(self, frame: int, record: FrameRecord) -> None:
        if self.writing is None:
            delivery, rate = self.delivery, self.delivery.timeline.rate
            write = self.opened.enter_context(
                open_outputs(delivery.outputs, delivery.settings, delivery.look, rate, delivery.force)
            )
            self.writing = self.pool.submit(self._write, write)
        if self.failed:
            self.line.put(None)
            self.writing.result()
        on_cpu = self.generator.device.type == "cpu"
        self.line.put((frame, record, None if on_cpu else self._decoded(record)))

    def _write(self, write: WritePicture) -> None:
        """Write what stands in line; after an error, let the line move on, so that nobody waits for ever."""
        items = self._items()
        try:
            for frame, record, picture in self.watch(items, len(self.delivery.outputs.frames)):
                finisher = self._finisher(frame, record)
                decoded = self._decoded(record) if picture is None else picture
                write(finisher, frame, finisher.clean(frame, decoded))
        except BaseException:
            self.failed = True
            for _ in items:
                pass
            raise

    def _items(self) -> Iterator[_Item]:
        for item in iter(self.line.get, None):
            if not self.stopped:
                yield item

    def _decoded(self, record: FrameRecord) -> Frame:
        (picture,) = decode_latents(record.latent[None], self.generator, deep=self.delivery.look.deep)
        return picture

    def _finisher(self, frame: int, record: FrameRecord) -> Finisher:
        """Draws on one frame, by a take of that one."""
        timeline, generator, samples = self.delivery.timeline, self.generator, self.samples
        take = stack(
            [record],
            shot=timeline.shot,
            rate=timeline.rate,
            frames=[frame],
            names=samples.names,
            start=samples.start.astype(np.float32),
            settings={},
            size=(generator.width, generator.height),
        )
        return Finisher(take, generator, self.delivery.look, samples)


class _Unfinished(Exception):  # noqa: N818 - tells of no error
    """Outputs are left unfinished."""


@contextmanager
def writing_ahead(
    delivery: Delivery, generator: Generator, samples: Samples, watch: Watch = unwatched
) -> Iterator[Ahead]:
    """Write the outputs of a solve that has yet to begin, and is told to what this yields.

        with writing_ahead(delivery, generator, samples) as ahead:
            take = solve(timeline, generator, callback=ahead.tell)
            write_delivery(delivery, take, generator, samples, ahead=ahead)

    Where the block raises, and where it ends without `finish`, nothing is left of them.
    """
    with suppress(_Unfinished), ExitStack() as opened, ThreadPoolExecutor(1, "writing") as pool:
        # A thread's number of CPU threads is fixed by its first look at it: here, before a solve changes it.
        pool.submit(torch.get_num_threads).result()
        ahead = Ahead(delivery, generator, samples, watch, opened, pool, delivery.outputs.frames.first)
        try:
            yield ahead
        finally:
            ahead.stop()
        if not ahead.finished:
            raise _Unfinished
