"""The pairs in benchmarks/: read anywhere, and checked against the renderer where there is one."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from dots import small_generator

from previz.cast import EvalPairs, Renderer, find_domain, load_pack, load_pairs, make_pairs
from previz.cast._eval_pairs import pairs_json
from previz.errors import CastError

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module", params=["head", "mira", "body"])
def pairs(request: pytest.FixtureRequest) -> EvalPairs:
    return load_pairs(FOLDER / f"pairs_{request.param}.json")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    pytest.importorskip("moderngl")
    path = Path(os.environ.get("PREVIZ_CAST_PACK", ""))
    if not path.is_file():
        pytest.skip("no asset pack: PREVIZ_CAST_PACK names none")
    try:
        return Renderer(load_pack(path))
    except CastError as error:
        pytest.skip(str(error))


def test_there_are_a_hundred_of_each_kind_and_no_seed_twice(pairs: EvalPairs) -> None:
    assert [pair.kind for pair in pairs.pairs] == ["same"] * 100 + ["other"] * 100
    seeds = [seed for pair in pairs.pairs for seed in (pair.source_seed, pair.target_seed)]
    assert len(set(seeds)) == 400


def test_the_files_stay_small(pairs: EvalPairs) -> None:
    assert (FOLDER / f"pairs_{pairs.domain}.json").stat().st_size < 300_000


def test_landmarks_are_normalised(pairs: EvalPairs) -> None:
    nose = pairs.landmarks.index("nose_tip")
    places = np.array([[pair.source[nose], pair.target[nose]] for pair in pairs.pairs])
    assert places.shape == (200, 2, 2)
    above = 0.05 if pairs.domain == "body" else 0.2  # the noses of figures are far up
    assert ((places > above) & (places < 0.8)).all()
    assert all(pair.source_visible.dtype == np.bool_ for pair in pairs.pairs)
    assert np.mean([pair.source_visible[nose] for pair in pairs.pairs]) > 0.9


def test_a_pair_of_the_same_person_differs_in_its_performance_alone() -> None:
    domain, pairs = find_domain("head"), load_pairs(FOLDER / "pairs_head.json")
    same, other = (pairs.pairs[number].codes(domain) for number in (3, 103))
    performing = {c for group in ("pose", "expression", "gaze") for c in domain.z_groups[group]}
    assert set(np.flatnonzero(same[0] != same[1])) == performing
    assert np.linalg.norm(same[0]) == pytest.approx(np.linalg.norm(same[1]))
    assert (other[0] != other[1]).all()


def test_sources_are_what_a_generator_draws_for_the_seed() -> None:
    pair = load_pairs(FOLDER / "pairs_mira.json").pairs[5]
    torch.manual_seed(0)
    generator = small_generator()
    code = torch.from_numpy(pair.codes(find_domain("mira"))[0])[None]
    assert torch.equal(generator.mapping(code), generator.sample_w(pair.source_seed))


@pytest.mark.egl
def test_landmarks_are_those_of_the_renderer(pairs: EvalPairs, renderer: Renderer) -> None:
    if renderer.pack.digest != pairs.pack:
        pytest.skip("another pack")
    domain = find_domain(pairs.domain)
    for number in (0, 57, 100, 199):
        pair = pairs.pairs[number]
        sides = ((pair.source, pair.source_visible), (pair.target, pair.target_visible))
        for code, (points, visible) in zip(pair.codes(domain), sides, strict=True):
            height, width = domain.picture_shape(256)
            exact, seen = renderer.landmarks(domain.scene_from_z(code), (height, width))
            assert np.abs(points * (width, height) - exact).max() < 0.02
            assert np.array_equal(seen, visible)


@pytest.mark.egl
def test_pairs_come_back_as_they_were_written(renderer: Renderer, tmp_path: Path) -> None:
    made = make_pairs(renderer, find_domain("mira"), count=1)
    path = tmp_path / "pairs.json"
    path.write_text(pairs_json(made))
    read = load_pairs(path)
    assert (read.domain, read.pack, read.landmarks) == (made.domain, made.pack, made.landmarks)
    for one, other in zip(read.pairs, made.pairs, strict=True):
        assert (one.kind, one.source_seed, one.target_seed) == (
            other.kind,
            other.source_seed,
            other.target_seed,
        )
        assert np.abs(one.source - other.source).max() <= 0.5e-4 + 1e-6
        assert np.array_equal(one.target_visible, other.target_visible)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "Expecting property name"),
        ("{}", "'format'"),
        ('{"format": 9}', "format 9; this previz reads format 1"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "pairs.json"
    path.write_text(content)
    with pytest.raises(CastError) as error:
        load_pairs(path)
    assert str(error.value).startswith(f"{path}: not a file of evaluation pairs (")
    assert reason in str(error.value)


def test_a_row_of_too_few_landmarks_is_refused(tmp_path: Path) -> None:
    row = {"kind": "same", "seeds": [1, 2], "source": [1, 2], "target": [1, 2]}
    row |= {"source_visible": "11", "target_visible": "1"}
    content = {"format": 1, "domain": "mira", "pack": "", "digits": 10, "landmarks": ["chin"], "pairs": [row]}
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(content))
    with pytest.raises(CastError, match="visibility of another number of landmarks"):
        load_pairs(path)
