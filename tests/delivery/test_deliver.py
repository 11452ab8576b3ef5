"""A take into its files from Python: the same as `previz render` writes."""

import json
from pathlib import Path

import pytest

from previz import FrameRange, OutputError, Take, deliver, parse_timeline, probe_video, read_video, solve
from previz.interchange import read_edit
from tests.animate.characters import make_generator

TIMELINE = {
    "previz": 1,
    "shot": "nod",
    "frames": "1001-1003",
    "character": {"checkpoint": "tiny", "seed": 3, "truncation": 1.0},
    "handles": {"jaw": {"at": [12, 16], "keys": {1001: {"by": [0, 0]}, 1003: {"by": [0, 3]}}}},
    "solver": {"method": "adam", "learning_rate": 0.02, "max_iterations": 2, "tolerance": 0.1},
}


@pytest.fixture(scope="module")
def generator():
    return make_generator()


@pytest.fixture(scope="module")
def take(generator) -> Take:
    output = {"codec": "ffv1", "video": "{folder}/nod.mkv", "slate": 1, "size": 64}
    return solve(parse_timeline({**TIMELINE, "output": output}), generator)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_take_is_written_as_its_timeline_asks(take, generator, tmp_path):
    outputs = deliver(take, generator, tmp_path / "nod.mkv")
    assert names(tmp_path) == ["nod.mkv", "nod.otio", "nod.report.json", "nod.take.safetensors"]
    assert sorted(outputs.all()) == sorted(tmp_path / name for name in names(tmp_path))
    info = probe_video(outputs.video)
    assert (info.frames, info.width, info.height) == (4, 64, 64)  # a frame of slate before three
    assert json.loads(outputs.report.read_text())["clip"] == {
        "range": "1001-1003",
        "size": [64, 64],
        "slate": 1,
    }
    (clip,) = read_edit(outputs.otio).find_clips()
    assert clip.source_range.duration.value == 3


def test_part_of_a_take_is_written(take, generator, tmp_path):
    outputs = deliver(take, generator, tmp_path / "part.mkv", FrameRange(1002, 1003))
    assert len(list(read_video(outputs.video))) == 3


def test_files_that_are_there_are_kept_unless_forced(take, generator, tmp_path):
    clip = tmp_path / "nod.mkv"
    clip.write_text("mine")
    with pytest.raises(OutputError) as caught:
        deliver(take, generator, clip)
    message = f"{clip} exists already; pass --force to replace it, or -o for another place"
    assert (str(caught.value), names(tmp_path)) == (message, ["nod.mkv"])
    deliver(take, generator, clip, force=True)
    assert probe_video(clip).frames == 4


def test_versions_are_counted(generator, tmp_path):
    output = {"video": f"{tmp_path}/x.mkv", "codec": "ffv1", "name": "{shot}_v{version:03}", "otio": False}
    take = solve(parse_timeline({**TIMELINE, "output": output}), generator)
    first, second = deliver(take, generator), deliver(take, generator)
    assert [outputs.video.name for outputs in (first, second)] == ["nod_v001.mkv", "nod_v002.mkv"]
    assert Take.load(second.take).settings["version"] == 2
