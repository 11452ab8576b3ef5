import numpy as np
import pytest
import torch

from previz.animate import decode, solve, to_uint8
from previz.errors import SolveError
from previz.timebase import FrameRange
from tests.animate.characters import make_generator, make_timeline


def test_pictures_are_the_generators_in_eight_bits(take, generator):
    pictures = list(decode(take, generator))
    assert len(pictures) == 6
    with torch.no_grad():
        image = generator.synthesis(torch.from_numpy(take.latents[3:4]))[0].permute(1, 2, 0).numpy()
    expected = np.floor(np.clip((image + 1) * 127.5 + 0.5, 0, 255))
    assert pictures[3].dtype == np.uint8
    assert pictures[3].shape == (32, 32, 3)
    np.testing.assert_array_equal(pictures[3], expected)


def test_levels_are_rounded_to_the_nearest_and_clamped():
    values = torch.tensor([-9.0, -1.0, -0.997, 0.0, 1 / 255, 1.0, 9.0])
    levels = to_uint8(values.reshape(1, 1, 1, -1).expand(1, 3, 1, -1))
    assert levels.shape == (1, 1, 7, 3)
    assert levels[0, 0, :, 0].tolist() == [0, 0, 0, 128, 128, 255, 255]


def test_deep_pictures_are_the_same_before_rounding(take, generator):
    shallow, deep = list(decode(take, generator)), list(decode(take, generator, deep=True))
    assert {picture.dtype for picture in deep} == {np.dtype(np.float32)}
    levels = np.floor(np.clip(np.stack(deep).astype(np.float64) * 255 + 0.5, 0, 255))
    assert (levels != np.stack(shallow)).mean() < 1e-4  # a value may lie on the edge between two levels
    assert len(np.unique(deep[0])) > 256


def test_a_range_of_frames_is_decoded_alone(take, generator):
    whole, part = list(decode(take, generator)), list(decode(take, generator, FrameRange(1003, 1004)))
    assert len(part) == 2
    np.testing.assert_array_equal(part[0], whole[2])


@pytest.mark.parametrize("batch", [2, 4, 100])
def test_the_batch_does_not_show(take, generator, batch):
    one, many = np.stack(list(decode(take, generator))), np.stack(list(decode(take, generator, batch=batch)))
    assert many.shape == one.shape
    assert np.abs(many.astype(int) - one).max() <= 1


def test_pictures_come_one_at_a_time(take, generator):
    pictures = decode(take, generator)
    first = next(pictures)
    first[:] = 0  # the caller's to draw on
    assert next(pictures).any()


@pytest.mark.parametrize(("first", "last", "missing"), [(1000, 1003, 1000), (1003, 1009, 1009)])
def test_frames_that_the_take_lacks_are_refused_at_once(take, generator, first, last, missing):
    with pytest.raises(SolveError) as error:
        decode(take, generator, FrameRange(first, last))
    assert str(error.value) == f"the take holds the frames 1001-1006, and not {missing}"


def test_another_generator_is_refused(take):
    other = make_generator(seed=1)
    with pytest.raises(SolveError) as error:
        decode(take, other)
    assert str(error.value) == (
        f"the take was solved with the generator tiny ({take.settings['generator']['digest']}), "
        f"not with this one ({other.digest})"
    )


def test_a_generator_of_another_shape_is_refused(take):
    with pytest.raises(SolveError) as error:
        decode(take, make_generator(w_dim=8))
    assert str(error.value) == (
        "the take's latents are [8, 16] and the generator's are [8, 8]; "
        "decode it with the generator that it was solved with, tiny"
    )


def test_a_batch_of_none_is_refused(take, generator):
    with pytest.raises(SolveError) as error:
        decode(take, generator, batch=0)
    assert str(error.value) == "decode: a batch of 0 frames is below the least, 1"


def test_a_picture_that_is_not_square_keeps_its_shape():
    tall = make_generator(resolution=(32, 16))
    take = solve(make_timeline(frames="1001", handles={"a": {"at": [8, 16], "pin": True}}), tall)
    assert (take.width, take.height) == (16, 32)
    assert next(decode(take, tall)).shape == (32, 16, 3)
