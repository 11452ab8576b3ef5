import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from dots import NAMES, SIZE, write_dots

from previz.cast import Judge, JudgeEvent, JudgeSettings, load_judge, open_labelled, save_judge, train_judge
from previz.cast._judge import JudgeConfig, stage_distance
from previz.cast._judge_data import move, recolour, soften
from previz.cast._judge_errors import front_face, judge_errors, r_squared
from previz.errors import CastError, OutputError

SHORT = JudgeSettings(pictures=48, size=64, batch=16)


@pytest.fixture(scope="module")
def dots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dots(tmp_path_factory.mktemp("dots") / "data")


@pytest.fixture(scope="module")
def learnt(dots: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("judge") / "judge.safetensors"
    train_judge(dots, path, JudgeSettings(pictures=1600, size=64, batch=16, warm_up=10))
    return path


def new_judge(height: int = 64, width: int = 64) -> Judge:
    torch.manual_seed(1)
    groups = {"pose": ("yaw",), "gaze": ("gaze_x",)}
    return Judge(JudgeConfig("mira", height, width, ("nose_tip", "chin"), ("yaw", "gaze_x"), groups)).eval()


def test_it_learns_where_landmarks_are_and_what_it_sees(learnt: Path, dots: Path) -> None:
    judge = load_judge(learnt)
    assert judge.figures["landmark_px"]["visible"] < 1.0  # they are spread over some 15 px
    assert judge.figures["visible_right"] > 0.99
    assert judge.figures["r2"]["yaw"] > 0.5
    assert judge.figures["r2"]["gaze_x"] < 0.3  # nothing in the picture shows it
    assert judge.figures["trained_on"] == {"pictures": 144, "shown": 1600}


def test_the_figures_in_the_file_are_those_of_the_file(learnt: Path, dots: Path) -> None:
    judge = load_judge(learnt)
    again = judge_errors(judge, open_labelled(dots))
    assert again["landmark_px"]["visible"] == pytest.approx(judge.figures["landmark_px"]["visible"], abs=0.02)
    assert again["held_out"] == judge.figures["held_out"] == 16


def test_landmarks_are_in_px_of_the_picture_that_is_asked_about(learnt: Path, dots: Path) -> None:
    judge, data = load_judge(learnt), open_labelled(dots)
    pictures, points, _, _ = data.read(np.arange(4), SIZE)
    larger = torch.nn.functional.interpolate(pictures, scale_factor=2.0)
    found, visible = judge.landmarks(larger)
    assert found.shape == (4, 3, 2)
    assert (found / 2 - points)[:, :2].norm(dim=2).mean() < 1.5
    assert visible[:, 2].max() < 0.5 < visible[:, :2].min()


def test_features_are_about_standard_over_renders(learnt: Path, dots: Path) -> None:
    judge, data = load_judge(learnt), open_labelled(dots)
    features = judge.features(data.read(data.pairs.training(), SIZE)[0])
    assert features.mean(dim=0).abs().max() < 0.1
    assert features.std(dim=0).median() == pytest.approx(1, abs=0.1)


def test_the_distance_grows_with_blur_and_is_zero_for_the_same_picture(learnt: Path, dots: Path) -> None:
    judge = load_judge(learnt)
    sharp = open_labelled(dots).read(np.arange(4), SIZE)[0]
    soft, softer = (
        torch.nn.functional.interpolate(
            torch.nn.functional.avg_pool2d(sharp, n), size=SIZE, mode="bilinear", align_corners=False
        )
        for n in (2, 8)
    )
    assert judge.distance(sharp, sharp).max() == 0
    assert (judge.distance(sharp, soft) < judge.distance(sharp, softer)).all()


def test_landmarks_can_be_followed_back_to_the_picture(learnt: Path, dots: Path) -> None:
    judge = load_judge(learnt)
    picture = open_labelled(dots).read(np.arange(1), SIZE)[0].requires_grad_(True)
    judge.landmarks(picture)[0].sum().backward()
    assert picture.grad is not None
    assert picture.grad.abs().max() > 0
    assert not any(parameter.requires_grad for parameter in judge.parameters())


def test_oblong_pictures_have_a_judge_too() -> None:
    points, visible = new_judge(64, 32).landmarks(torch.zeros(2, 3, 128, 64))
    assert points.shape == (2, 2, 2)
    assert points[..., 0].max() < 64 < 2 * points[..., 1].max()
    assert visible.shape == (2, 2)


def test_pictures_of_another_aspect_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \[1, 3, 64, 64\] where \[N, 3, H, W\] of 64:32 is needed"):
        new_judge(64, 32).landmarks(torch.zeros(1, 3, 64, 64))


def test_a_saved_judge_says_the_same_but_for_half_precision(tmp_path: Path) -> None:
    judge = new_judge()
    judge.figures = {"held_out": 3}
    path = save_judge(judge, tmp_path / "judge.safetensors")
    read = load_judge(path)
    picture = torch.rand(2, 3, 64, 64) * 2 - 1
    assert torch.allclose(read.landmarks(picture)[0], judge.landmarks(picture)[0], atol=0.05)
    assert (read.config, read.figures) == (judge.config, {"held_out": 3})
    assert path.stat().st_size < 3_000_000


def test_a_judge_is_not_replaced_unasked(dots: Path, tmp_path: Path) -> None:
    path = save_judge(new_judge(), tmp_path / "judge.safetensors")
    with pytest.raises(OutputError, match=r"judge\.safetensors exists already"):
        train_judge(dots, path, SHORT)


@pytest.mark.parametrize("content", [b"", b"not a judge", pickle.dumps({"judge": 1})])
def test_a_file_that_is_no_judge_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "judge.safetensors"
    path.write_bytes(content)
    with pytest.raises(CastError, match=r"judge\.safetensors: not a judge that can be read \(") as error:
        load_judge(path)
    assert "\n" not in str(error.value)


def test_a_judge_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CastError) as error:
        load_judge(tmp_path / "no.safetensors")
    expected = f"{tmp_path / 'no.safetensors'}: not found; make a judge with `previz cast judge train`"
    assert str(error.value) == expected


def test_a_stopped_training_goes_on_to_the_same_weights(dots: Path, tmp_path: Path) -> None:
    whole = train_judge(dots, tmp_path / "whole.safetensors", SHORT)

    def stop(event: JudgeEvent) -> None:
        if event.seen == 32:
            raise KeyboardInterrupt

    path = tmp_path / "judge.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train_judge(dots, path, SHORT, stop, save_every=0.0)
    assert not path.exists()
    resumed = train_judge(dots, path, SHORT)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert [file.name for file in tmp_path.glob("*.run*")] == []


def test_a_run_with_other_settings_is_not_gone_on_with(dots: Path, tmp_path: Path) -> None:
    path = tmp_path / "judge.safetensors"

    def stop(event: JudgeEvent) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_judge(dots, path, SHORT, stop, save_every=0.0)
    with pytest.raises(CastError, match=r"\.run: a run with other settings or data; remove it to start anew"):
        train_judge(dots, path, JudgeSettings(pictures=64, size=64, batch=16))
    path.with_name("judge.safetensors.run").write_bytes(b"damaged")
    with pytest.raises(CastError, match=r"\.run: not a run that can be resumed; remove it to start anew"):
        train_judge(dots, path, SHORT)


def test_renders_smaller_than_the_judge_are_refused(dots: Path, tmp_path: Path) -> None:
    with pytest.raises(CastError, match="data: renders of 64 px can't be read at 128 px"):
        train_judge(dots, tmp_path / "judge.safetensors", JudgeSettings(pictures=32))


def test_a_dataset_of_no_domain_has_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(CastError, match="no domain 'cats'; there are"):
        open_labelled(write_dots(tmp_path / "data", 20, domain="cats"))
    folder = write_dots(tmp_path / "own", 20)
    meta = json.loads((folder / "meta.json").read_text())
    del meta["domain"]
    (folder / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(CastError, match="own: its pictures are of no domain of the cast"):
        open_labelled(folder)


def test_larger_renders_are_averaged_down_with_their_landmarks(tmp_path: Path) -> None:
    data = open_labelled(write_dots(tmp_path / "data", 20, size=128))
    pictures, points, _, factors = data.read(np.arange(2), 64)
    assert pictures.shape == (2, 3, 64, 64)
    assert np.array_equal(points.numpy(), data.pairs.landmarks[:2] / 2)
    assert factors.shape == (2, 12)


def test_a_moved_picture_takes_its_landmarks_along(dots: Path) -> None:
    data = open_labelled(dots)
    pictures, points, _, _ = data.read(np.arange(8), SIZE)
    moved, places = move(pictures, points, np.random.default_rng(2))
    assert (places - points).norm(dim=2).mean() > 1
    light = moved.clamp(-1, 1) + 1  # a dot is light in the channel of its number
    y, x = torch.meshgrid(torch.arange(SIZE) + 0.5, torch.arange(SIZE) + 0.5, indexing="ij")
    weight = light.sum(dim=(2, 3))
    centre = torch.stack([(light * x).sum(dim=(2, 3)) / weight, (light * y).sum(dim=(2, 3)) / weight], dim=2)
    assert torch.allclose(centre, places, atol=0.25)  # dots have hard edges


def test_disturbed_pictures_stay_pictures(dots: Path) -> None:
    pictures = open_labelled(dots).read(np.arange(4), SIZE)[0]
    for disturb in (soften, recolour):
        result = disturb(pictures, np.random.default_rng(0))
        assert result.shape == pictures.shape
        assert result.dtype == torch.float32
        assert result.abs().max() <= 1
        assert not torch.equal(result, pictures)


def test_r_squared_is_one_for_the_truth_and_zero_for_the_mean() -> None:
    true = torch.tensor([[0.0, 1.0, 5.0], [2.0, 3.0, 5.0]])
    said = torch.tensor([[0.0, 2.0, 4.0], [2.0, 2.0, 6.0]])
    assert r_squared(said, true).tolist() == [1.0, 0.0, 0.0]


def test_the_front_of_a_face_has_no_ears() -> None:
    assert front_face(tuple(NAMES)).tolist() == [True, True, False]
    assert front_face(("chin", "chin_low", "jaw_L", "brow_in_R")).tolist() == [True, False, False, True]


def test_stages_of_other_length_but_equal_direction_are_at_no_distance() -> None:
    a = [torch.rand(2, 4, 3, 3) + 0.1]
    assert stage_distance(a, [3 * a[0]]).max() < 1e-6
    assert stage_distance(a, [-a[0]]).tolist() == pytest.approx([4.0, 4.0])


def test_who_it_is_is_not_read_off_the_landmarks() -> None:
    torch.manual_seed(0)
    groups = {"identity": ("age",), "pose": ("yaw",)}
    judge = Judge(JudgeConfig("mira", 64, 64, ("nose_tip",), ("yaw", "age"), groups)).eval()
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    before = judge.factors(picture)
    with torch.no_grad():
        judge.heat.weight.mul_(-30)  # the nose is now found elsewhere
    after = judge.factors(picture)
    assert after[0, 0] != before[0, 0]
    assert after[0, 1] == before[0, 1]
