"""A list on a Ray cluster: actors that work on it, wherever there is room for them.

An actor is a worker like any other: it claims shots in the list's database, and keeps the generator that it
has loaded. Ray finds a node that has what the shots take, and starts the actor again, elsewhere if need be,
when its process or its node dies. Actors leave when nothing can be started, so that others get their place.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from previz.batch._farm import PATIENCE, Crew, lead, told, work_as
from previz.batch._local import Watch, default_together
from previz.batch._rows import Row, is_left
from previz.batch._state import State
from previz.batch._types import BatchError, Resources
from previz.batch._work import Finish, WorkOptions

_POLL = 0.5  # seconds between looks at the actors
_GRACE = 30.0  # seconds that an actor has to put its shot back, before it is killed
_RESTARTS = 5  # of an actor by Ray; then another one is hired
_ANSWER = 5.0  # seconds that a cluster has to answer at its address


@dataclass(frozen=True)
class RayOptions:
    """How a list is run on a Ray cluster.

    Attributes:
        address: of the cluster, host:port; None is $RAY_ADDRESS, a cluster that runs on this machine, or one
            that is started here and ends with the run.
        jobs: the most actors at a time; None is as many as fit.
        device: auto takes a GPU for each actor where the cluster has some; cpu takes none, cuda always one. A
            shot's `resources.gpus` goes before auto and cuda.
        threads: that each solves with on a CPU; a shot's `resources.cpus` may reserve more cores.
        overlap: write a shot while the next one is being solved; None does on a GPU.
        only: ids of the shots to work on; None is all.
        together: how many shots of one checkpoint a worker solves side by side; None is `default_together`.
    """

    address: str | None = None
    jobs: int | None = None
    device: str = "auto"
    threads: int = 1
    overlap: bool | None = None
    only: frozenset[str] | None = None
    together: int | None = None


class RayWorker:
    """The actor."""

    def __init__(self, database: Path, options: WorkOptions, finish: Finish) -> None:
        self._database, self._options, self._finish = database, options, finish
        self._stop = threading.Event()

    def ready(self) -> bool:
        """Answer, which tells that the actor has been started."""
        return True

    def work(self) -> str:
        """Work until nothing can be started; return what stopped it before, or ""."""
        ray: Any = importlib.import_module("ray")
        node = ray.get_runtime_context().get_node_id()[:6]
        return work_as(node, self._database, self._options, self._finish, self._stop)

    def stop(self) -> None:
        """Have it put its shot back and end."""
        self._stop.set()


@dataclass(frozen=True)
class _Actor:
    """An actor that was hired, and what it has promised."""

    crew: Crew
    handle: Any
    ready: Any
    result: Any


def run_ray(state: State, options: RayOptions, finish: Finish, watch: Watch) -> tuple[Row, ...]:
    """Work on a list with Ray actors until nothing is left to do, and return its rows.

    All nodes see the list's folder under the same path and have this previz installed. Raises BatchError
    without Ray, without a cluster, for shots that no node has room for, where actors can't be kept alive, and
    where the outputs can't be written any more. At KeyboardInterrupt all put their shots back.
    """
    with _cluster(options.address) as ray:
        farm = _RayFarm(ray, state.path.absolute(), options, finish)
        farm.check_room(state.rows())
        return lead(state, farm, options.only, options.jobs, watch)


@dataclass(frozen=True)
class _RayFarm:
    """A Ray cluster as a farm; `ray` is the module, connected."""

    ray: Any
    database: Path
    options: RayOptions
    finish: Finish

    def room(self, crew: Crew) -> int:
        """As many as can be kept busy, and as fit on the cluster's nodes if nothing else runs there."""
        return self._room(self._needs(crew.resources), crew.busy)

    def hire(self, crew: Crew, count: int) -> list[_Actor]:
        """Start actors; those that find no place now wait for one."""
        options, needs = self.options, self._needs(crew.resources)
        device = "cuda" if needs.get("GPU") else "cpu"
        overlap = device != "cpu" if options.overlap is None else options.overlap
        only = crew.shots if options.only is None else crew.shots & options.only
        together = options.together or default_together(device, crew.busy, count)
        working = WorkOptions(device, options.threads, overlap, only, patience=PATIENCE, together=together)
        made = self.ray.remote(RayWorker).options(
            num_cpus=needs["CPU"],
            num_gpus=needs.get("GPU", 0),
            memory=needs.get("memory"),
            max_concurrency=2,  # so that it hears `stop` while it works
            max_restarts=_RESTARTS,
            max_task_retries=_RESTARTS,
        )
        handles = [made.remote(self.database, working, self.finish) for _ in range(count)]
        return [_Actor(crew, one, one.ready.remote(), one.work.remote()) for one in handles]

    def ended(self, hands: Iterable[_Actor]) -> list[tuple[_Actor, str | None]]:
        """Those that have nothing to do any more, or could not be started again."""
        of_result = {hand.result: hand for hand in hands}
        if not of_result:
            time.sleep(_POLL)
            return []
        done, _ = self.ray.wait(list(of_result), num_returns=len(of_result), timeout=_POLL)
        return [(of_result[result], self._outcome(of_result[result])) for result in done]

    def dismiss(self, hands: Iterable[_Actor], at_work: bool) -> None:
        """Kill actors, after those that have been started have had time to put their shots back."""
        hands = list(hands)
        if hands and at_work:
            started, _ = self.ray.wait([hand.ready for hand in hands], num_returns=len(hands), timeout=0)
            results = [hand.result for hand in hands if hand.ready in started]
            for hand in hands:
                with contextlib.suppress(self.ray.exceptions.RayError):
                    hand.handle.stop.remote()
            if results:
                self.ray.wait(results, num_returns=len(results), timeout=_GRACE)
        for hand in hands:
            self.ray.kill(hand.handle)

    def check_room(self, rows: Iterable[Row]) -> None:
        """Raise BatchError for shots that no node has room for: they would wait for ever."""
        only = self.options.only
        for row in rows:
            if (only is None or row.id in only) and is_left(row):
                needs = self._needs(row.planned.resources)
                if not self._room(needs, 1):
                    taken = Resources(needs.get("GPU"), int(needs["CPU"]), row.planned.resources.memory_gb)
                    raise BatchError(
                        f"{row.id} takes {told(taken)}, and no node of the Ray cluster has as much; "
                        "see the shot's `resources`"
                    )

    def _outcome(self, hand: _Actor) -> str | None:
        """How an actor ended: None is well, else why it died. Raises BatchError for what all would meet."""
        try:
            problem = self.ray.get(hand.result)
        except self.ray.exceptions.RayActorError as error:
            return str(error).strip().splitlines()[0]
        finally:
            self.ray.kill(hand.handle)
        if problem:
            raise BatchError(problem)
        return None

    def _needs(self, resources: Resources) -> dict[str, float]:
        """What an actor for such shots takes of a node, in Ray's words."""
        gpus, device = resources.gpus, self.options.device
        if device == "cpu":
            gpus = 0
        elif gpus is None:
            gpus = 1 if device != "auto" or self.ray.cluster_resources().get("GPU") else 0
        needs: dict[str, float] = {"CPU": max(resources.cpus, self.options.threads)}
        if gpus:
            needs["GPU"] = gpus if gpus < 1 else math.ceil(gpus)  # Ray shares out parts of one GPU only
        if resources.memory_gb:
            needs["memory"] = int(resources.memory_gb * 1e9)
        return needs

    def _room(self, needs: Mapping[str, float], most: int) -> int:
        room = 0
        for node in self.ray.nodes():
            if node["Alive"]:
                room += min(int(node["Resources"].get(name, 0) / amount) for name, amount in needs.items())
        return min(most, room)


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """Ray, connected to a cluster. Raises BatchError."""
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError as error:
        raise BatchError("--engine ray needs Ray: pip install 'previz[ray]'") from error
    if ray.is_initialized():  # by the program that previz is used from
        yield ray
        return
    where = address or os.environ.get("RAY_ADDRESS") or ""
    _check_answer(where)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that is started here tells nobody
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BatchError(f"--address {where or 'auto'}: Ray can't be joined: {reason}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_answer(address: str) -> None:
    """Raise BatchError where nothing listens at host:port; Ray would try for minutes, and then exit."""
    host, colon, port = address.rpartition("//")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), _ANSWER).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BatchError(
            f"--address {address}: no Ray cluster answers there: {reason}; "
            "`ray start --head` starts one, and says its address"
        ) from error
