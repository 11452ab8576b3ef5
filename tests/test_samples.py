"""The bundled character and the sample timelines, as a user finds them."""

from pathlib import Path

import numpy as np
import pytest

import previz

REPOSITORY = Path(__file__).parents[1]
SAMPLES = sorted((REPOSITORY / "timelines").glob("*.yaml"))
MOST_MEGABYTES = 20


@pytest.fixture(scope="module")
def mira() -> previz.Generator:
    return previz.load_generator("mira")


def test_there_are_at_least_four_samples() -> None:
    assert {"smile", "jaw_drop", "head_turn", "squash"} <= {path.stem for path in SAMPLES}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_fits_its_character(path: Path, mira: previz.Generator) -> None:
    timeline = previz.load_timeline(path)
    assert timeline.checkpoint == "mira"
    assert previz.check_against(timeline, mira.width, mira.height) == ()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_handles_of_a_sample_arrive(path: Path, mira: previz.Generator) -> None:
    content = previz.load_timeline(path).to_dict()
    content.pop("mask", None)  # costs time, and is tested elsewhere
    timeline = previz.parse_timeline(content)
    start = timeline.frames.first
    take = previz.solve(timeline, mira, frames=previz.FrameRange(start, start + 8))
    assert set(take.status) == {"ok"}
    assert not take.lost.any()
    assert float(np.abs(take.targets - take.start).max()) > 2, "these frames do ask for motion"
    first, *_, last = previz.decode(take, mira)
    changed = np.abs(last.astype(int) - first).mean()
    assert 0 < changed < 12, "parts of the face move; it doesn't become another picture"


def test_the_card_says_where_the_character_comes_from(mira: previz.Generator) -> None:
    assert mira.card["licence"] == "CC0-1.0"
    assert {asset["licence"] for asset in mira.card["assets"]} == {"CC0-1.0"}
    assert mira.card["figures"]["128px_face_l1"] <= mira.card["figures"]["128px_blurred_face_l1"]


def test_bundled_checkpoints_stay_small() -> None:
    sizes = [path.stat().st_size for path in (REPOSITORY / "checkpoints").glob("*.safetensors")]
    assert sizes
    assert max(sizes) < MOST_MEGABYTES * 2**20
