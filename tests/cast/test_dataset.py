"""The folder of renders, as far as it goes without rendering."""

import json

import pytest

from previz.cast import DatasetSettings, create_dataset, rendered_indices
from previz.errors import CastError

NAMES = ["nose", "chin"]
SETTINGS = DatasetSettings(count=10, size=16, seed=3)


def test_a_new_dataset_has_files_of_full_length_and_says_what_is_in_them(tmp_path):
    create_dataset(tmp_path / "set", SETTINGS, NAMES, "abc")
    files = [path for path in (tmp_path / "set").iterdir() if path.suffix != ".json"]
    lengths = {path.name: path.stat().st_size for path in files}
    assert lengths == {"images.u8": 10 * 16 * 16 * 3, "z.f4": 2080, "landmarks.f4": 160, "visible.u1": 20}
    meta = json.loads((tmp_path / "set/meta.json").read_text())
    assert (meta["count"], meta["size"], meta["seed"], meta["z_dim"]) == (10, 16, 3, 52)
    assert (meta["landmarks"], meta["pack"], meta["held_out"]) == (NAMES, "abc", 1000)


def test_laying_it_out_again_keeps_what_is_there(tmp_path):
    create_dataset(tmp_path, SETTINGS, NAMES, "abc")
    (tmp_path / "z.f4").write_bytes(b"\x01" * 2080)
    create_dataset(tmp_path, SETTINGS, NAMES, "abc")
    assert (tmp_path / "z.f4").read_bytes() == b"\x01" * 2080


@pytest.mark.parametrize(
    ("settings", "pack", "text"),
    [
        (DatasetSettings(10, 32, 3), "abc", "its size is 16, not 32; name another folder"),
        (DatasetSettings(10, 16, 4), "abc", "its seed is 3, not 4; name another folder"),
        (SETTINGS, "def", "its pack is abc, not def; name another folder"),
    ],
)
def test_a_folder_with_other_pictures_is_refused(tmp_path, settings, pack, text):
    create_dataset(tmp_path, SETTINGS, NAMES, "abc")
    with pytest.raises(CastError) as error:
        create_dataset(tmp_path, settings, NAMES, pack)
    assert str(error.value) == f"{tmp_path}: {text}"


def test_progress_of_several_processes_adds_up(tmp_path):
    (tmp_path / "done_0of2.json").write_text('{"done": 2}')
    (tmp_path / "done_1of2.json").write_text('{"done": 3}')
    assert rendered_indices(tmp_path, 10).tolist() == [0, 1, 2, 3, 5]


def test_a_new_folder_has_nothing_rendered(tmp_path):
    assert rendered_indices(tmp_path, 10).tolist() == []
