from pathlib import Path

import numpy as np
import pytest
import torch
from dots import small_generator, write_dots

from previz.cast import Judge, Labelled, find_domain, measure, measure_cost, measure_drag, open_labelled
from previz.cast._drag_measures import jacobians, linear_figures, look, random_w, shortest_step
from previz.cast._eval_pairs import exchange_performance
from previz.cast._judge import JudgeConfig
from previz.cast._latent_measures import covariance, on_sphere
from previz.errors import CastError
from previz.generator import Generator, save_generator

MIRA = find_domain("mira")


def new_judge(domain: str = "mira", landmarks: tuple[str, ...] | None = None) -> Judge:
    """Untrained: it says something of every picture, if nothing true."""
    torch.manual_seed(2)
    names = landmarks or ("mouth_corner_L", "nose_tip", "ear_top_R")
    groups = {group: tuple(members) for group, members in MIRA.groups.items()}
    config = JudgeConfig(domain, 64, 64, names, MIRA.factor_names, groups)
    return Judge(config).requires_grad_(False).eval()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    return open_labelled(write_dots(tmp_path_factory.mktemp("dots") / "data", 48))


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return small_generator()


def test_pictures_are_measured_against_renders_and_against_a_floor(
    data: Labelled, generator: Generator
) -> None:
    heard: list[str] = []
    figures = measure(generator, data, new_judge(), 8, lambda what, done, total: heard.append(what))
    assert figures["renders"] == 8
    assert figures["size"] == [64, 64]
    assert set(figures["pictures"]) == set(figures["blurred"]) == {"psnr", "l1", "face_l1", "lpips_like"}
    fid = figures["fid_like"]
    assert 0 < 10 * fid["renders"] < fid["generated"]  # untrained, it draws nothing like a dot
    assert set(fid) == {"renders", "generated", "fresh", "blurred"}
    assert figures["blurred"]["psnr"] > figures["pictures"]["psnr"]
    assert set(figures["landmark_px"]["render"]) == {"all", "visible", "front_face"}
    assert set(figures["factor_r2"]["generated"]) == {g for g, names in MIRA.groups.items() if names}
    assert set(heard) == {"held-out renders", "other renders", "fresh codes"}


def test_the_same_weights_measure_the_same(data: Labelled, generator: Generator) -> None:
    judge = new_judge()
    assert measure(generator, data, judge, 4) == measure(generator, data, judge, 4)


def test_a_judge_of_another_domain_is_refused(data: Labelled, generator: Generator) -> None:
    with pytest.raises(CastError) as error:
        measure(generator, data, new_judge("head"), 4)
    folder = data.pairs.folder
    mend = f"train one with `previz cast judge train {folder} OUT`"
    assert str(error.value) == f"a judge of head can't judge the mira of {folder}; {mend}"


def test_a_generator_of_other_codes_is_refused(data: Labelled) -> None:
    with pytest.raises(CastError, match="the generator takes codes of 5 numbers, those of mira have 12"):
        measure(small_generator(5), data, new_judge(), 4)


def test_a_checkpoint_costs_time_and_room(generator: Generator, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    cost = measure_cost(save_generator(generator, tmp_path / "small.safetensors"), repeats=1)
    assert cost["load_seconds"] > 0
    assert cost["picture_seconds"] > 0
    assert cost["file_mb"] == round((tmp_path / "small.safetensors").stat().st_size / 1e6, 2)
    assert torch.get_num_threads() == threads


def test_jacobians_are_what_small_steps_do(generator: Generator) -> None:
    judge, w = new_judge(), random_w(generator, 2, 0)
    points, jacobian = jacobians(generator, judge, w, [0, 2])
    assert points.shape == (2, 2, 2)
    assert jacobian.shape == (2, 4, generator.num_ws, 8)
    step = torch.randn(w.shape, generator=torch.Generator().manual_seed(1)) * 0.01
    ahead, behind = (look(generator, judge, w + sign * step)[:, [0, 2]].flatten(1) for sign in (1, -1))
    expected = torch.einsum("nklc,nlc->nk", jacobian, step)
    assert torch.allclose((ahead - behind) / 2, expected, rtol=0.02, atol=1e-4)


def test_landmarks_that_move_apart_need_not_share_a_step() -> None:
    figures = linear_figures(torch.diag(torch.tensor([4.0, 2.0, 2.0, 1.0]))[None])
    assert figures["largest"].item() == 4
    assert figures["smallest"].item() == 1
    assert figures["condition"].item() == 4
    assert figures["at_least_1px"].item() == 4
    assert figures["others"].item() == pytest.approx(0, abs=1e-6)
    assert 3 < figures["effective_rank"].item() < 4


def test_landmarks_that_slide_together_have_no_share_of_their_own() -> None:
    slide = torch.eye(2).repeat(3, 1)[None]  # three landmarks, one shift for all
    figures = linear_figures(slide)
    assert figures["others"].item() == pytest.approx(1, abs=1e-4)
    assert figures["effective_rank"].item() == pytest.approx(2, abs=0.01)
    assert figures["sd_per_px"].item() == pytest.approx(1, abs=1e-4)
    assert figures["joint"].item() == pytest.approx(1 / 3, abs=0.01)  # one shift grants one wish of three


def test_the_shortest_step_does_what_is_asked() -> None:
    jacobian = torch.randn(3, 8, 20, generator=torch.Generator().manual_seed(0))
    handle, wish = torch.tensor([0, 3, 1]), torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
    moved = (jacobian @ shortest_step(jacobian, handle, wish)[:, :, None])[:, :, 0].unflatten(1, (4, 2))
    assert torch.allclose(moved[torch.arange(3), handle], wish, atol=1e-4)


def test_dragging_is_measured_in_all_its_parts(generator: Generator) -> None:
    drag = measure_drag(generator, MIRA, new_judge(), count=4)
    assert drag["jacobian"]["landmarks"] == 2  # the ear is not one to drag
    assert 0 < drag["jacobian"]["w_plus"]["effective_rank"] <= 4
    assert list(drag["layer_swaps"]["pose"]) == ["2", "4", "6", "8"]
    assert {"yaw", "jaw", "smile", "blink", "gaze"} <= set(drag["directions"])
    assert set(drag["directions"]["yaw"]) == {"first_layers", "all_layers"}
    assert drag["smoothness"]["w"]["jump"] >= 1
    assert drag["smoothness"]["z"]["worst_jump"] >= drag["smoothness"]["z"]["jump"]


def test_a_judge_that_knows_no_handle_is_refused(generator: Generator) -> None:
    with pytest.raises(CastError, match="the judge of mira knows none of the landmarks to drag"):
        measure_drag(generator, MIRA, new_judge(landmarks=("ear_top_R",)), count=2)


def test_w_goes_along_its_covariance_with_a_factor(generator: Generator) -> None:
    yaw = MIRA.factor_names.index("yaw")
    pull = covariance(generator, MIRA, {"yaw": [yaw]})["yaw"]
    codes = np.random.default_rng(0).standard_normal((512, 12))
    w = generator.mapping(torch.from_numpy(codes))[:, 0]
    along = (w @ pull).numpy()
    assert np.corrcoef(along, MIRA.factors(codes)[:, yaw])[0, 1] > 0.3


def test_a_path_on_the_sphere_goes_from_seed_to_seed_in_equal_steps() -> None:
    first, second = torch.randn(2, 1, 12, generator=torch.Generator().manual_seed(4))
    path = on_sphere(first, second, torch.linspace(0, 1, 9)[:, None])
    path = path / path.norm(dim=1, keepdim=True)
    assert torch.allclose(path[[0, -1]], torch.cat([first / first.norm(), second / second.norm()]), atol=1e-5)
    steps = (path[1:] - path[:-1]).norm(dim=1)
    assert torch.allclose(steps, steps[:1].expand(8), atol=1e-5)


def test_another_performance_leaves_the_person_alone() -> None:
    head = find_domain("head")
    source, target = np.random.default_rng(1).standard_normal((2, head.z_dim))
    mixed = exchange_performance(head, source, target)
    kept, changed = head.factors(np.stack([source, mixed]))
    for group, names in head.groups.items():
        columns = [head.factor_names.index(name) for name in names]
        same = np.allclose(kept[columns], changed[columns], atol=1e-6)
        assert same == (group not in ("pose", "expression", "gaze")), group
