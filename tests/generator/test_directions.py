import numpy as np
import pytest
import torch

from previz.errors import CheckpointError, OutputError, PrevizError
from previz.generator import (
    Direction,
    component_directions,
    directions_file,
    factor_directions,
    find_directions,
    list_checkpoints,
    load_directions,
    sample_codes,
    save_directions,
    save_generator,
)
from tests.generator.layouts import small_generator


@pytest.fixture(scope="module")
def generator():
    return small_generator()


def direction(name: str, *values: float) -> Direction:
    return Direction(name, "factor", torch.tensor([*values, *[0.0] * (16 - len(values))]), 0.5)


def refused(call, *arguments) -> str:
    with pytest.raises(PrevizError) as error:
        call(*arguments)
    return str(error.value)


def test_components_are_as_long_as_w_spreads_along_them(generator):
    found = component_directions(generator, 4)
    w = sample_codes(generator, 10_000, 0)[1].double()
    assert [one.name for one in found] == ["pc1", "pc2", "pc3", "pc4"]
    for one in found:
        axis = one.vector.double() / one.vector.double().norm()
        assert float((w @ axis).std()) == pytest.approx(float(one.vector.norm()), rel=1e-4)


def test_components_come_largest_first_and_say_how_much_of_the_variance_they_are(generator):
    shares = [one.share for one in component_directions(generator, 16)]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)


def test_components_are_the_same_every_time_whatever_else_is_drawn(generator):
    first = component_directions(generator, 2)
    torch.manual_seed(5)
    for one, again in zip(first, component_directions(generator, 3), strict=False):
        assert torch.equal(one.vector, again.vector)


def test_more_components_than_w_has_are_refused(generator):
    told = refused(component_directions, generator, 17)
    assert told == "17 principal components are outside 0 to 16, the size of w"


def test_a_factors_direction_is_what_w_changes_by_as_it_goes_up_by_one():
    draw = np.random.default_rng(0)
    factors = np.array([[a, b, 0.25] for a in (-1, 0.5, 1) for b in (-1, 1)])  # the last one never changes
    vectors = draw.standard_normal((3, 6))
    w = torch.from_numpy(factors @ vectors + 2.0).float()
    smile, yaw = factor_directions(w, factors, ["smile", "yaw", "age"])
    assert (smile.name, yaw.name) == ("smile", "yaw")
    np.testing.assert_allclose(smile.vector, vectors[0], atol=1e-4)
    np.testing.assert_allclose(yaw.vector, vectors[1], atol=1e-4)
    assert smile.share == pytest.approx(1.0, abs=1e-5)


def test_a_factor_that_w_knows_nothing_of_has_no_share():
    draw = np.random.default_rng(0)
    (noise,) = factor_directions(
        torch.from_numpy(draw.standard_normal((4000, 4))), draw.uniform(-1, 1, (4000, 1)), ["x"]
    )
    assert noise.share < 0.01


def test_factors_that_say_the_same_share_a_direction():
    draw = np.random.default_rng(0)
    one = draw.uniform(-1, 1, (200, 1))
    w = torch.from_numpy(one @ np.array([[3.0, 0.0]]))
    first, second = factor_directions(w, np.repeat(one, 2, axis=1), ["a", "b"])
    np.testing.assert_allclose(first.vector, second.vector, atol=1e-5)
    assert first.vector[0] == pytest.approx(1.5, abs=0.15)  # half of it, and a little more for the damping
    assert first.vector[1] == pytest.approx(0.0, abs=1e-5)


def test_factors_that_seldom_part_go_together():
    draw = np.random.default_rng(0)
    thigh = draw.uniform(-1, 1, 2000)
    knee = thigh + 0.1 * draw.uniform(-1, 1, 2000)
    w = torch.from_numpy(np.stack([thigh, 10 * (knee - thigh)], axis=1))
    bent, _ = factor_directions(w, np.stack([thigh, knee], axis=1), ["thigh", "knee"])
    assert abs(float(bent.vector[1])) < 1.0  # and not 10, which is 17 times what w varies by there
    assert float(bent.vector[0]) > 0.4


def test_directions_come_back_from_their_file(generator, tmp_path):
    kept = (direction("smile", 1.0, 2.0), *component_directions(generator, 2))
    path = save_directions(kept, generator.digest, tmp_path / "a.directions.safetensors")
    for one, again in zip(kept, load_directions(path, generator), strict=True):
        assert (one.name, one.kind) == (again.name, again.kind)
        assert again.share == pytest.approx(one.share, abs=1e-4)
        assert torch.equal(one.vector, again.vector)


def test_a_file_is_not_replaced_unasked(generator, tmp_path):
    path = save_directions((), generator.digest, tmp_path / "a.directions.safetensors")
    with pytest.raises(OutputError):
        save_directions((), generator.digest, path)


def test_the_directions_of_another_generator_are_refused(tmp_path, generator):
    path = save_directions((direction("smile"),), "0123456789abcdef", tmp_path / "a.directions.safetensors")
    assert refused(load_directions, path, generator) == (
        f"{path}: made of another generator (0123456789abcdef, not {generator.digest}); "
        "make it again with `previz model directions CHECKPOINT --force`"
    )


@pytest.mark.parametrize(
    "content", [b"", b"no", b"\x08\0\0\0\0\0\0\0{}      "], ids=["empty", "text", "other"]
)
def test_a_file_of_something_else_is_one_line(content, generator, tmp_path):
    path = tmp_path / "a.directions.safetensors"
    path.write_bytes(content)
    told = refused(load_directions, path, generator)
    assert told.startswith(f"{path}: not a file of directions (")
    assert "\n" not in told


def test_names_are_found_in_the_file_beside_the_checkpoint(generator, tmp_path):
    checkpoint = save_generator(generator, tmp_path / "head.safetensors", dtype=torch.float32)
    assert directions_file(checkpoint) == tmp_path / "head.directions.safetensors"
    save_directions((direction("smile", 1.0),), generator.digest, directions_file(checkpoint))
    found = find_directions(["pc2", "smile"], generator, checkpoint)
    assert torch.equal(found["smile"].vector, direction("smile", 1.0).vector)
    assert torch.equal(found["pc2"].vector, component_directions(generator, 2)[1].vector)


def test_an_unknown_name_is_answered_with_those_that_exist(generator, tmp_path):
    checkpoint = tmp_path / "head.safetensors"
    kept = (direction("smile"), direction("yaw"))
    save_directions(kept, generator.digest, directions_file(checkpoint))
    assert refused(find_directions, ["smiel"], generator, checkpoint) == (
        "'smiel' is not a direction; did you mean smile? There are smile, yaw, pc1 to pc16"
    )
    assert refused(find_directions, ["pc17"], generator, checkpoint) == (
        "'pc17' is not a direction. There are smile, yaw, pc1 to pc16"
    )


def test_without_a_file_it_says_how_to_get_one(generator, tmp_path):
    checkpoint = tmp_path / "head.safetensors"
    assert refused(find_directions, ["smile"], generator, checkpoint) == (
        "'smile' is not a direction. There are pc1 to pc16; `previz model directions` finds others, "
        f"kept in {tmp_path / 'head.directions.safetensors'}"
    )
    with pytest.raises(CheckpointError, match=r"^'smile' is not a direction\. There are pc1 to pc16$"):
        find_directions(["smile"], generator, None)


def test_a_file_of_directions_is_no_character(generator, tmp_path, monkeypatch):
    monkeypatch.setenv("PREVIZ_CHECKPOINTS", str(tmp_path))
    save_generator(generator, tmp_path / "tester.safetensors")
    save_directions((), generator.digest, tmp_path / "tester.directions.safetensors")
    assert [name for name, path, _ in list_checkpoints() if path.parent == tmp_path] == ["tester"]
