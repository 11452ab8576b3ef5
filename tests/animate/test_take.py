import json
from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from previz.animate import TAKE_FORMAT, Take
from previz.errors import OutputError, SolveError
from previz.timebase import FrameRange


@pytest.fixture
def path(take, tmp_path):
    return take.save(tmp_path / "shot.take.safetensors")


def rewrite(path, arrays=(), **changes):
    """Write the take's file again with other arrays or header values."""
    with safe_open(path, framework="numpy") as file:
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(file.metadata()["previz.take"])
    save_file({**kept, **dict(arrays)}, path, metadata={"previz.take": json.dumps({**header, **changes})})


def test_a_saved_take_is_read_back_as_it_was(take, path):
    again = Take.load(path)
    for field in fields(Take):
        ours, theirs = getattr(take, field.name), getattr(again, field.name)
        np.testing.assert_equal(theirs, ours)
        assert type(theirs) is type(ours)
        if isinstance(ours, np.ndarray):
            assert theirs.dtype == ours.dtype


def test_the_rate_stays_an_exact_fraction(take, tmp_path):
    ntsc = replace(take, rate=Fraction(24000, 1001))
    assert Take.load(ntsc.save(tmp_path / "ntsc.take.safetensors")).rate == Fraction(24000, 1001)


def test_other_programs_read_its_arrays(take, path):
    with safe_open(path, framework="numpy") as file:
        np.testing.assert_array_equal(file.get_tensor("latents"), take.latents)
        assert json.loads(file.metadata()["previz.take"])["names"] == ["jaw", "nose"]


def test_nothing_is_overwritten_unasked(take, path):
    before = path.read_bytes()
    with pytest.raises(OutputError) as error:
        take.save(path)
    assert str(error.value) == f"{path} exists already; pass --force (force=True from Python) to replace it"
    assert path.read_bytes() == before
    assert take.save(path, force=True) == path
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_missing_folders_are_made(take, tmp_path):
    assert take.save(tmp_path / "a" / "b" / "shot.take.safetensors").is_file()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SolveError) as error:
        Take.load(tmp_path / "none.take.safetensors")
    assert str(error.value) == f"{tmp_path / 'none.take.safetensors'}: there is no such take"


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_a_truncated_file_is_refused(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(SolveError) as error:
        Take.load(path)
    assert str(error.value).startswith(f"{path} is not a take, or was cut short: ")
    assert "\n" not in str(error.value)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(SolveError) as error:
        Take.load(tmp_path)
    assert str(error.value).startswith(f"{tmp_path} is not a take, or was cut short: ")


def test_another_safetensors_file_is_refused(tmp_path):
    save_file({"w": np.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(SolveError) as error:
        Take.load(tmp_path / "other.safetensors")
    assert str(error.value) == f"{tmp_path / 'other.safetensors'} is a safetensors file, but not a take"


def test_a_newer_version_is_refused(path):
    rewrite(path, format=TAKE_FORMAT + 1)
    with pytest.raises(SolveError) as error:
        Take.load(path)
    assert str(error.value) == (
        f"{path} was written by a newer previz (take format 2; this one reads up to 1); update previz"
    )


@pytest.mark.parametrize(
    ("arrays", "changes", "message"),
    [
        ({"latents": np.zeros((5, 8, 16), np.float32)}, {}, "latents is float32 [5, 8, 16]"),
        ({"latents": np.zeros((6, 8, 16), np.float64)}, {}, "latents is float64 [6, 8, 16]"),
        ({"handles": np.zeros((6, 2, 3), np.float32)}, {}, "handles is [6, 2, 3]"),
        ({"start": np.zeros((3, 2), np.float32)}, {}, "start is [3, 2]"),
        ({"frames": np.arange(6)[::-1].copy()}, {}, "its frames are not consecutive"),
        ({}, {"keys": []}, "6 statuses, 0 keys and 6 methods for 6 frames"),
        ({}, {"settings": {}}, "its settings lack tolerance"),
        ({}, {"rate": "fast"}, "Invalid literal for Fraction: 'fast'"),
    ],
)
def test_a_damaged_take_is_refused(path, arrays, changes, message):
    rewrite(path, arrays, **changes)
    with pytest.raises(SolveError) as error:
        Take.load(path)
    assert str(error.value) == f"{path} is a damaged take: {message}"


def test_frames_are_found_by_their_number(take):
    assert take.range == FrameRange(1001, 1006)
    assert len(take) == 6
    assert take.index(1004) == 3
    with pytest.raises(SolveError) as error:
        take.index(1007)
    assert str(error.value) == "the take holds the frames 1001-1006, and not 1007"
