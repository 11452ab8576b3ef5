"""Pictures that are written while later frames are solved: the same files, and the same ends if stopped."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from previz import (
    FrameRange,
    FrameSolved,
    MediaError,
    OutputError,
    Take,
    parse_timeline,
    probe_video,
    sample_timeline,
    solve,
)
from previz.delivery import (
    Delivery,
    choose_outputs,
    plan_delivery,
    write_delivery,
    writes_ahead,
    writing_ahead,
)
from tests.animate.characters import make_generator

TIMELINE = {
    "previz": 1,
    "shot": "nod",
    "fps": 24,
    "frames": "1001-1004",
    "character": {"checkpoint": "tiny", "seed": 3, "truncation": 1.0},
    "handles": {"jaw": {"at": [12, 16], "keys": {1001: {"by": [0, 0]}, 1003: {"by": [0, 3]}}}},
    "mask": {"ellipse": {"center": [16, 16], "radius": [12, 10]}},
    "solver": {"method": "adam", "learning_rate": 0.02, "max_iterations": 2, "tolerance": 0.1},
}
FFV1 = {"codec": "ffv1", "size": 64}
STILL = {"nose": {"at": [22, 16], "pin": True}}  # solved at once


@pytest.fixture(scope="module")
def generator():
    return make_generator()


def planned(generator, clip: Path, part: str | None = None, **fields: object) -> Delivery:
    """What becomes of the timeline, or a part of it, with these fields in their place."""
    timeline = parse_timeline({**TIMELINE, "output": FFV1, **fields})
    frames = timeline.frames if part is None else FrameRange(*map(int, part.split("-")))
    outputs = choose_outputs(timeline, timeline.output, clip, frames)
    picture = generator.height, generator.width
    return plan_delivery(timeline, timeline.output, outputs, picture, timeline.output.size)


def rendered(delivery: Delivery, generator, ahead: bool, also=lambda event: None, **options) -> Take:
    """Solve and write, in a second thread or one after the other."""
    timeline, outputs = delivery.timeline, delivery.outputs
    samples = sample_timeline(timeline, generator.width, generator.height)
    asked = {"resume": outputs.resume, "frames": outputs.frames}
    if not ahead:
        take = solve(timeline, generator, callback=also, **asked)
        write_delivery(delivery, take, generator, samples)
        return take
    with writing_ahead(delivery, generator, samples, **options) as writer:

        def tell(event):
            writer.tell(event)
            also(event)

        take = solve(timeline, generator, callback=tell, **asked)
        write_delivery(delivery, take, generator, samples, ahead=writer)
    return take


def names(folder: Path) -> list[str]:
    """All that lies in a folder and below, hidden files too, but for the frames that a solve keeps."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not path.parent.suffix)


@pytest.mark.parametrize(
    ("suffix", "part", "fields"),
    [
        (".mkv", None, {}),
        (".mp4", None, {"output": {"size": 64, "overlay": True}}),
        (".mov", None, {"output": {"codec": "prores4444", "size": 64, "alpha": "mask"}}),
        (".gif", None, {"output": {"burn_in": ["shot", "frame", "timecode", "error"], "size": 64}}),
        (".mkv", "1002-1003", {}),
        (".mkv", None, {"solver": {**TIMELINE["solver"], "mode": "keys"}}),
        (".mkv", "1001-1002", {"solver": {**TIMELINE["solver"], "mode": "keys"}}),
    ],
    ids=["clip", "overlay", "alpha", "burn-in", "part", "keys", "part between keys"],
)
def test_files_and_latents_are_those_of_one_after_the_other(generator, tmp_path, suffix, part, fields):
    takes, clips = [], []
    for ahead in (False, True):
        delivery = planned(generator, tmp_path / str(ahead) / f"nod{suffix}", part, **fields)
        takes.append(rendered(delivery, generator, ahead))
        clips.append(delivery.outputs.video.read_bytes())
    assert np.array_equal(takes[0].latents, takes[1].latents)
    assert clips[0] == clips[1]
    assert names(tmp_path / "True") == names(tmp_path / "False")


def test_each_thread_keeps_its_number_of_cpu_threads(generator, tmp_path):
    outside, during, writing = torch.get_num_threads(), set(), set()

    def watched(frames, total, /):
        for frame in frames:
            writing.add(torch.get_num_threads())
            yield frame

    torch.set_num_threads(3)
    try:
        delivery = planned(generator, tmp_path / "nod.mkv")
        rendered(delivery, generator, True, lambda event: during.add(torch.get_num_threads()), watch=watched)
        assert (during, writing, torch.get_num_threads()) == ({1}, {3}, 3)
    finally:
        torch.set_num_threads(outside)


def test_interrupted_solve_keeps_its_frames_and_leaves_nothing_else(generator, tmp_path):
    def interrupt(event):
        if isinstance(event, FrameSolved) and event.frame == 1002:
            raise KeyboardInterrupt

    delivery = planned(generator, tmp_path / "nod.mkv")
    with pytest.raises(KeyboardInterrupt):
        rendered(delivery, generator, True, interrupt)
    assert names(tmp_path) == []
    reused = []
    rendered(delivery, generator, True, reused.append)
    assert [event.reused for event in reused if isinstance(event, FrameSolved)] == [True, True, False, False]


def test_error_of_the_writing_thread_stops_the_solve_and_leaves_no_clip(generator, tmp_path):
    def watched(frames, total, /):
        yield next(frames)
        raise MediaError("the second frame can't be written")

    solved = []
    delivery = planned(generator, tmp_path / "nod.mkv", frames="1001-1030", handles=STILL)
    with pytest.raises(MediaError) as caught:
        rendered(delivery, generator, True, solved.append, watch=watched)
    assert str(caught.value) == "the second frame can't be written"
    assert names(tmp_path) == []
    assert len(list(delivery.outputs.resume.with_suffix(".partial").glob("*.safetensors"))) >= 2


def test_place_that_is_taken_meanwhile_is_told_when_all_is_solved(generator, tmp_path):
    clip = tmp_path / "nod.mkv"
    delivery = planned(generator, clip)
    with pytest.raises(OutputError) as caught:
        rendered(delivery, generator, True, lambda event: clip.mkdir(exist_ok=True))
    assert str(caught.value) == f"{clip} is a folder; name a file in it"
    assert names(tmp_path) == []


def test_outputs_that_are_left_unfinished_are_removed(generator, tmp_path):
    delivery = planned(generator, tmp_path / "nod.mkv")
    samples = sample_timeline(delivery.timeline, generator.width, generator.height)
    with writing_ahead(delivery, generator, samples) as writer:
        solve(delivery.timeline, generator, callback=writer.tell)
    assert names(tmp_path) == []


def test_solve_that_is_far_ahead_of_the_pictures_waits(generator, tmp_path):
    go, told, events = threading.Event(), [], []

    def held(frames, total, /):
        go.wait()
        yield from frames

    whole = planned(generator, tmp_path / "nod.mkv", frames="1001-1020", handles=STILL)
    samples = sample_timeline(whole.timeline, generator.width, generator.height)
    solve(whole.timeline, generator, callback=events.append, frames=FrameRange(1001, 1001))
    (solved,) = (event for event in events if isinstance(event, FrameSolved))

    def solving(writer):
        for frame in whole.outputs.frames:
            writer.tell(replace(solved, frame=frame))
            told.append(frame)

    with writing_ahead(whole, generator, samples, held) as writer:
        thread = threading.Thread(target=solving, args=[writer])
        thread.start()
        thread.join(2.0)
        waiting = thread.is_alive(), len(told)
        go.set()
        thread.join()
        writer.finish()
    assert waiting == (True, 8)
    assert probe_video(whole.outputs.video).frames == 20


def test_take_that_suits_is_written_ahead(generator, tmp_path):
    assert writes_ahead(planned(generator, tmp_path / "nod.mkv"), generator, threads=0)


@pytest.mark.parametrize(
    "fields",
    [
        {"solver": {"smooth": {"window": 3}}},
        {"output": {**FFV1, "slate": 1}},
        {"output": {**FFV1, "trails": 2}},
        {"output": {**FFV1, "onion": 1}},
        {"output": {**FFV1, "images": "plates/{name}.####.png"}},
    ],
    ids=["smoothing", "slate", "trails", "onion", "images"],
)
def test_take_whose_pictures_need_all_of_it_is_not(generator, tmp_path, monkeypatch, fields):
    monkeypatch.chdir(tmp_path)
    assert not writes_ahead(planned(generator, tmp_path / "nod.mkv", **fields), generator, threads=0)


def test_numbered_pictures_are_not(generator, tmp_path):
    delivery = planned(generator, tmp_path / "nod.####.png", output={"size": 64})
    assert not writes_ahead(delivery, generator, threads=0)


def test_cpu_without_a_free_core_does_not(generator, tmp_path):
    assert not writes_ahead(planned(generator, tmp_path / "nod.mkv"), generator, threads=100_000)
