"""Shot lists on Ray clusters of several nodes, all of them on this machine."""

import os
import socket
from collections.abc import Iterator

import numpy as np
import pytest

from previz import Take, load_generator, solve
from previz.batch import BatchError, PlannedShot, RayOptions, finish, plan_list, run_ray, sync
from previz.timeline import parse_timeline
from tests.batch.lists import TIMELINE, make_folder, make_list

pytest.importorskip("ray", reason="needs the [ray] extra: pip install 'previz[ray]'")
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}

import ray
from ray.cluster_utils import Cluster

LONG = TIMELINE.replace("1001-1003", "1001-1016").replace("max_iterations: 4", "max_iterations: 8")
STORE = 80 * 2**20  # bytes of shared memory of a node


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of one node with one core; a test adds others."""
    head = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args={**head, "include_log_monitor": False})
    yield made
    ray.shutdown()
    made.shutdown()


def is_alone(shot: PlannedShot) -> bool:
    """Whether the latents are, bit for bit, what a solve by itself gives."""
    alone = solve(parse_timeline(shot.timeline), load_generator(shot.checkpoint))
    return np.array_equal(Take.load(shot.outputs.take).latents, alone.latents)


def test_two_nodes_share_a_list_and_outlive_the_loss_of_one(tmp_path, cluster):
    make_folder(tmp_path, LONG)
    shots = {f"sh{n}0": {"timeline": "nod.yaml", "seed": n} for n in range(1, 5)}
    plan = plan_list(make_list(tmp_path, shots))
    state = sync(plan)
    node = cluster.add_node(num_cpus=1, object_store_memory=STORE)
    lost: list[str] = []  # what ran there, though it may be done and another begun before the node is gone

    def watch(rows):
        doomed = f"/{node.node_id[:6]}"
        for row in rows:
            there = row.status == "running" and str(row.host).endswith(doomed)
            if not lost and there and 1 <= row.solved <= 12:
                cluster.remove_node(node, allow_graceful=False)
                lost.append(row.id)

    rows = run_ray(state, RayOptions(cluster.address), finish, watch)
    assert {row.status for row in rows} == {"done"}
    assert lost
    runs = state.runs()
    (died,) = (run for run in runs if run["outcome"] == "died")
    ended = [(run["shot"], run["outcome"]) for run in runs if run["outcome"] != "released"]
    assert sorted(ended) == sorted([*((shot, "done") for shot in shots), (died["shot"], "died")])
    assert len({run["host"] for run in runs}) == 2
    (other,) = (run for run in runs if run["shot"] == died["shot"] and run["outcome"] == "done")
    assert other["host"] != died["host"]
    assert sum(run["solved"] for run in runs) <= 4 * 16 + 1  # the frame under way
    assert all(map(is_alone, plan.shots))
    assert not list(plan.folder.rglob(".*"))


def test_interrupted_run_puts_its_shots_back(tmp_path, cluster):
    make_folder(tmp_path, LONG.replace("1001-1016", "1001-1060"))
    state = sync(plan_list(make_list(tmp_path)))

    def watch(rows):
        if rows[0].solved >= 2 and rows[0].status == "running":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_ray(state, RayOptions(cluster.address), finish, watch)
    (row,) = state.rows()
    (run,) = state.runs()
    assert (row.status, run["outcome"], run["error"]) == ("waiting", "released", "stopped")
    assert 2 <= run["solved"] < 60


def test_shots_that_fit_nowhere_are_told_of(tmp_path, cluster):
    make_folder(tmp_path)
    shot = {"timeline": "nod.yaml", "resources": {"gpus": 2, "cpus": 4, "memory_gb": 9.5}}
    state = sync(plan_list(make_list(tmp_path, {"a": shot})))
    with pytest.raises(BatchError) as caught:
        run_ray(state, RayOptions(cluster.address), finish, lambda rows: None)
    assert str(caught.value) == (
        "a takes 2 GPUs, 4 cores, 9.5 GB of memory, and no node of the Ray cluster has as much; "
        "see the shot's `resources`"
    )
    assert state.rows()[0].status == "waiting"


def test_address_where_nothing_answers_is_told_of(tmp_path):
    make_folder(tmp_path)
    state = sync(plan_list(make_list(tmp_path)))
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BatchError) as caught:
            run_ray(state, RayOptions(address), finish, lambda rows: None)
    assert str(caught.value) == (
        f"--address {address}: no Ray cluster answers there: Connection refused; "
        "`ray start --head` starts one, and says its address"
    )
