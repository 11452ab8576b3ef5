import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from discs import SETTINGS, SIZE, write_dataset
from PIL import Image

from previz.cast import (
    TrainEvent,
    TrainSettings,
    compare,
    comparison_pictures,
    export_run,
    open_pairs,
    train_in_processes,
)
from previz.cast import _train as trainer
from previz.cast._domain import Domain
from previz.cast._domains import find_domain
from previz.cast._lesson import lesson_targets, teach_mapping
from previz.cast._pairs import Pairs
from previz.errors import CastError, DeviceError
from previz.generator import Generator, load_generator


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    return open_pairs(write_dataset(tmp_path_factory.mktemp("pairs") / "data"))


def test_pairs_keep_the_first_pictures_out_of_training(pairs: Pairs) -> None:
    assert pairs.held_out().tolist() == list(range(512))
    assert pairs.training().tolist() == list(range(512, 560))
    z, pictures, landmarks = pairs.read(np.array([0, 3]), 16)
    assert z.shape == (2, 2)
    assert pictures.shape == (2, 3, 16, 16)
    assert landmarks.shape == (2, 2, 2)  # the nose does not weigh
    assert torch.allclose(landmarks[1, 0], torch.from_numpy(pairs.landmarks[3, 0].copy()) / 2)


def test_eyes_and_mouth_weigh_more_than_the_rest(pairs: Pairs) -> None:
    weight = pairs.weight(np.array([3]), 16, extra=6.0)
    assert weight.shape == (1, 1, 16, 16)
    x, y = (int(at) for at in pairs.landmarks[3, 0] / 2)
    assert float(weight.max()) == float(weight[0, 0, y, x])
    assert 5 < float(weight.max()) <= 7
    assert float(weight.min()) == pytest.approx(1.0, abs=1e-3)


def test_hands_weigh_as_much_as_the_face(pairs: Pairs) -> None:
    figure = replace(pairs, landmarks=pairs.landmarks.copy(), limbs=np.array([1]))
    figure.landmarks[3, 1] = (5.0, 27.0)
    without, weight = pairs.weight(np.array([3]), 32, 4.0), figure.weight(np.array([3]), 32, 4.0)
    assert float(weight[0, 0, 26, 4]) == pytest.approx(5.0, abs=0.3)
    assert float(without[0, 0, 26, 4]) == pytest.approx(1.0, abs=1e-3)
    assert bool((weight >= without).all())


def test_a_growing_dataset_is_read_as_far_as_it_is_rendered(tmp_path: Path) -> None:
    pairs = open_pairs(write_dataset(tmp_path / "data", done=520))
    assert pairs.training().tolist() == list(range(512, 520))
    pairs = open_pairs(write_dataset(tmp_path / "young", done=100))
    with pytest.raises(CastError, match="young: no picture after the 512 held-out ones is rendered yet"):
        pairs.training()


def test_a_folder_that_is_no_dataset_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        CastError, match=r"not a dataset of renders .*; make one with `previz cast dataset`"
    ) as error:
        open_pairs(tmp_path)
    assert "\n" not in str(error.value)


def test_phases_grow_to_the_size_of_the_renders() -> None:
    sizes = [SETTINGS.phase(seen, largest=32)[0] for seen in (0, 47, 48, 95, 200)]
    assert sizes == [16, 16, 32, 32, 32]


def test_the_learning_rate_warms_up_holds_and_falls() -> None:
    settings = TrainSettings(images=1000, learning_rate=1.0, decay=0.5)
    assert settings.rate(0, 0) == pytest.approx(0.02)
    assert settings.rate(400, 100) == 1.0
    assert settings.rate(750, 100) == pytest.approx(0.5)
    assert settings.rate(1000, 100) == pytest.approx(0.01)


def test_training_brings_the_error_down(pairs: Pairs, tmp_path: Path) -> None:
    events: list[TrainEvent] = []
    settings = TrainSettings(**{**vars(SETTINGS), "images": 640})
    before = trainer.evaluate(
        trainer.new_state(trainer.new_config(settings, 2, (32, 32)), None).average, pairs, 32
    )
    trainer.train(pairs, tmp_path / "run", settings, events.append, evaluate_every=1.0)
    assert events[-1].seen == 640
    assert events[-1].size == 32
    assert events[-1].figures["l1"] < 0.5 * before["l1"]
    with Image.open(tmp_path / "run" / "samples.png") as samples:
        assert samples.width > 6 * SIZE
        assert samples.height > 4 * SIZE
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [event.step for event in events]


def test_a_stopped_run_resumes_to_the_same_weights(pairs: Pairs, tmp_path: Path) -> None:
    whole = trainer.train(pairs, tmp_path / "whole", SETTINGS, evaluate_every=1e9)

    def stop(event: TrainEvent) -> None:
        if event.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.train(pairs, tmp_path / "run", SETTINGS, stop, evaluate_every=0.0)
    resumed = trainer.train(pairs, tmp_path / "run", SETTINGS, evaluate_every=1e9)
    assert resumed.step == whole.step
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, resumed.average.state_dict()[name]), name


def test_a_damaged_state_is_refused_in_one_line(pairs: Pairs, tmp_path: Path) -> None:
    (tmp_path / trainer.STATE).write_bytes(b"not a state")
    with pytest.raises(
        CastError, match=r"state\.pt: not a state that can be resumed; move it away to start anew$"
    ):
        trainer.train(pairs, tmp_path, SETTINGS)


def test_a_run_of_another_architecture_is_not_resumed(pairs: Pairs, tmp_path: Path) -> None:
    trainer.train(
        pairs, tmp_path / "run", TrainSettings(**{**vars(SETTINGS), "images": 8}), evaluate_every=0.0
    )
    with pytest.raises(
        CastError, match="run: holds a run of another architecture or domain; give another folder"
    ):
        trainer.train(pairs, tmp_path / "run", TrainSettings(**{**vars(SETTINGS), "w_dim": 16}))


def test_a_run_of_another_seed_is_not_resumed(pairs: Pairs, tmp_path: Path) -> None:
    short = TrainSettings(**{**vars(SETTINGS), "images": 8})
    trainer.train(pairs, tmp_path / "run", short, evaluate_every=0.0)
    with pytest.raises(
        CastError, match=r"run: holds a run of seed 0, not 5; give that seed, or another folder$"
    ):
        trainer.train(pairs, tmp_path / "run", TrainSettings(**{**vars(short), "seed": 5}))


def test_a_mapping_that_was_taught_a_domain_is_held_while_pictures_are_learnt() -> None:
    domain = find_domain("mira")
    settings = TrainSettings(channels={4: 8, 8: 8}, w_dim=16)
    state = trainer.new_state(trainer.new_config(settings, domain.z_dim, (8, 8)), domain)
    teach_mapping(state.generator, domain, 2, seed=0)
    taught = {name: value.clone() for name, value in state.generator.state_dict().items()}
    batch = torch.randn(2, domain.z_dim), torch.zeros(2, 3, 8, 8), torch.ones(2, 1, 8, 8)
    trainer.train_step(state, batch, settings)
    changed = {n for n, value in state.generator.state_dict().items() if not torch.equal(value, taught[n])}
    assert changed
    assert not [name for name in changed if name.startswith("mapping.")]


def test_the_lesson_makes_w_tell_what_a_scene_is_made_of() -> None:
    domain = find_domain("mira")
    settings = TrainSettings(channels={4: 8, 8: 8}, w_dim=32)
    generator = trainer.new_state(trainer.new_config(settings, domain.z_dim, (8, 8)), domain).generator
    untold = teach_mapping(generator, domain, 150, seed=0)
    assert untold.factors < 0.7  # 1 is a w that tells nothing
    assert untold.landmarks is None
    w = generator.mapping(torch.randn(500, domain.z_dim))[:, 0]
    assert float(w.square().mean()) == pytest.approx(1.0, abs=0.1)


def bowing_pairs(folder: Path, domain: Domain, count: int, held: int) -> Pairs:
    """Rendered codes and two landmarks: one that bows with yaw and pitch, one that stays."""
    codes = np.random.default_rng(4).standard_normal((count, domain.z_dim)).astype(np.float32)
    landmarks = np.full((count, 2, 2), 3.0, np.float32)
    landmarks[:, 0] = 1 + np.minimum(np.square(codes[:, :2]), 4)  # no linear function of z
    images = np.zeros((count, 8, 8, 3), np.uint8)
    face, limbs, ready = np.array([0]), np.arange(0), np.arange(count)
    return Pairs(
        folder, 8, domain.z_names, domain.name, held, images, codes, landmarks, face, limbs, ready, np.inf
    )


def told_by_w(generator: Generator, pairs: Pairs, of: np.ndarray, known: np.ndarray) -> float:
    """R² of the first landmark by a linear map of w, fitted on pairs `known`, at pairs `of`."""
    w = generator.mapping(torch.from_numpy(pairs.codes))[:, 0].detach().double().numpy()
    w = np.concatenate([w, np.ones((len(w), 1))], axis=1)
    place = pairs.landmarks[:, 0].astype(np.float64)
    readout = np.linalg.lstsq(w[known], place[known], rcond=1e-6)[0]
    return float(
        1 - np.square(w[of] @ readout - place[of]).sum() / np.square(place[of] - place[of].mean(0)).sum()
    )


def test_the_lesson_makes_w_tell_where_landmarks_are_of_codes_it_was_not_shown(tmp_path: Path) -> None:
    domain = find_domain("mira")
    settings = TrainSettings(channels={4: 8, 8: 8}, w_dim=64)
    pairs, told = bowing_pairs(tmp_path, domain, 3500, 500), {}
    for shown in (None, pairs):
        generator = trainer.new_state(trainer.new_config(settings, domain.z_dim, (8, 8)), domain).generator
        untold = teach_mapping(generator, domain, 300, 0, shown)
        told[shown is not None] = told_by_w(generator, pairs, pairs.held_out(), pairs.training())
    assert told[True] > told[False] + 0.1
    assert untold.landmarks is not None
    assert untold.landmarks < 0.6


def test_a_hue_is_told_as_a_point_of_a_circle_too() -> None:
    domain = find_domain("body")
    z = np.random.default_rng(0).standard_normal((5, domain.z_dim))
    factors, targets = domain.factors(z), lesson_targets(domain, z)
    hue = factors[:, domain.factor_names.index("top_hue")]
    assert targets.shape == (5, factors.shape[1] + 2 * 3)  # of top, bottom and backdrop
    assert np.array_equal(targets[:, : factors.shape[1]], factors)
    assert np.allclose(targets[:, factors.shape[1]], np.cos(np.pi * hue))
    assert np.allclose(targets[:, factors.shape[1] + 3], np.sin(np.pi * hue))


def test_export_writes_a_checkpoint_with_its_card_and_what_was_measured_of_it(
    pairs: Pairs, tmp_path: Path
) -> None:
    trainer.train(pairs, tmp_path / "run", SETTINGS, evaluate_every=1e9)
    path = tmp_path / "disc.safetensors"
    generator, comparison = export_run(tmp_path / "run", pairs, path, "disc")
    assert generator.card["name"] == "disc"
    assert generator.card["training"]["pictures"] == 96
    written = load_generator(path)
    again = compare(written, pairs)
    assert again.figures == pytest.approx(comparison.figures)
    assert generator.card["figures"]["32px_face_l1"] == pytest.approx(again.figures["face_l1"], abs=1e-4)
    worst = comparison_pictures(comparison, worst=True, count=3)
    assert len(worst) == 3
    assert worst[0].shape == (2 * SIZE, SIZE, 3)
    assert float(comparison.face_l1.max()) == float(comparison.face_l1[comparison.face_l1.argsort()[-1]])
    # truncation to 0 gives the mean w, which the run did not store
    assert torch.allclose(written.sample_w(1, truncation=0.0)[0, 0], written.mapping.w_avg)
    assert written.mapping.w_avg.abs().max() > 0


def test_two_processes_train_one_run_each_with_its_own_pictures(pairs: Pairs, tmp_path: Path) -> None:
    settings = TrainSettings(**{**vars(SETTINGS), "images": 16})
    train_in_processes(pairs.folder, tmp_path / "two", settings, 2)
    state = trainer.load_state(tmp_path / "two")
    assert (state.step, state.seen) == (2, 16)  # steps of four pictures in each
    alone = trainer.train(pairs, tmp_path / "one", settings)
    assert alone.step == 4
    lines = (tmp_path / "two" / trainer.LOG).read_text().splitlines()
    assert len(lines) == 1  # the first process alone writes


ENDLESS = """
import sys
from dataclasses import replace
from pathlib import Path
from discs import SETTINGS
from previz.cast import train_in_processes
if __name__ == "__main__":
    train_in_processes(Path(sys.argv[1]), Path(sys.argv[2]), replace(SETTINGS, images=10**9), 2, None, 0.0)
"""


def _ends(group: int) -> bool:
    """Whether all processes of a group end within a minute, which a busy machine may need to start them."""
    for _ in range(600):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_processes_end_with_the_one_that_started_them(pairs: Pairs, tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text(ENDLESS)
    run = tmp_path / "run"
    started = subprocess.Popen(
        [sys.executable, tmp_path / "endless.py", pairs.folder, run],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 120
    while not (run / trainer.STATE).exists() and time.monotonic() < until:
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    started.wait(60)
    assert _ends(started.pid)


def test_what_cannot_be_trained_is_refused_before_a_process_starts(pairs: Pairs, tmp_path: Path) -> None:
    (tmp_path / trainer.STATE).write_bytes(b"not a state")
    with pytest.raises(CastError, match=r"state\.pt: not a state that can be resumed"):
        train_in_processes(pairs.folder, tmp_path, SETTINGS, 2)


def test_a_device_that_is_not_there_is_refused(pairs: Pairs, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(DeviceError, match="device cuda: no CUDA device is available here; use cpu"):
        train_in_processes(pairs.folder, tmp_path, SETTINGS, 1, device="cuda")


def test_training_in_one_process_leaves_the_callers_threads(pairs: Pairs, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train_in_processes(pairs.folder, tmp_path, TrainSettings(**{**vars(SETTINGS), "images": 4}), 1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_new_run_leaves_the_callers_random_numbers() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    trainer.new_state(trainer.new_config(SETTINGS, 2, (32, 32)), None)
    assert torch.equal(torch.rand(4), expected)


def test_renders_of_a_size_that_no_generator_has_are_refused() -> None:
    with pytest.raises(
        CastError, match=r"^renders of 48x48 px can't be learnt: resolution: \(48, 48\) is not a power"
    ):
        trainer.new_config(SETTINGS, 2, (48, 48))
