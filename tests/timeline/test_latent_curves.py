import json
from fractions import Fraction

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from previz.errors import TimelineError
from previz.timeline import (
    Timeline,
    load_timeline,
    parse_timeline,
    retime,
    sample_latents,
    sample_timeline,
    timeline_schema,
    timeline_warnings,
)

HEAD = "previz: 1\nframes: 1001-1009\n"
ALONE = HEAD + "character: tiny\nlatents:\n"


def curves(latents: str) -> Timeline:
    return parse_timeline(ALONE + latents)


def problems(text: str) -> list[str]:
    with pytest.raises(TimelineError) as error:
        parse_timeline(text)
    return [str(problem) for problem in error.value.problems]


def test_truncation_may_have_keys():
    timeline = parse_timeline(
        HEAD + "character: {checkpoint: tiny, truncation: {keys: {1003: 0.8, 1007: 0.4}, interp: linear}}\n"
    )
    psi = sample_latents(timeline).truncation
    np.testing.assert_allclose(psi, [0.8, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4, 0.4])


def test_a_number_stays_a_number():
    timeline = parse_timeline(ALONE + "  - {toward: 3, keys: {1009: 1}}\n")
    assert timeline.character.truncation == 0.7
    np.testing.assert_array_equal(sample_latents(timeline).truncation, np.full(9, 0.7))


def test_a_blend_comes_from_none_of_it():
    amounts = sample_latents(curves("  - {toward: 3, interp: linear, keys: {1005: 1, 1009: 0.5}}\n")).amounts
    np.testing.assert_allclose(amounts[:, 0], [0, 0.25, 0.5, 0.75, 1, 0.875, 0.75, 0.625, 0.5])


def test_it_may_say_what_comes_before_its_first_key():
    held = "  - {toward: 3, keys: {1005: 1, 1009: 0}, interp: linear, extrapolate: held}\n"
    np.testing.assert_allclose(sample_latents(curves(held)).amounts[:5, 0], 1)


def test_keys_have_what_the_keys_of_handles_have():
    keys = "{1001: {to: 2, hold: true}, 1005: 0, 1009: {to: 1, ease: linear}}"
    amounts = sample_latents(curves(f"  - {{direction: smile, keys: {keys}}}\n")).amounts
    np.testing.assert_allclose(amounts[:, 0], [2, 2, 2, 2, 0, 0.25, 0.5, 0.75, 1])


def test_short_forms():
    timeline = curves(
        "  - {toward: 3, keys: {1009: 1}}\n  - {toward: happy.npy, layers: 7, keys: {1009: 1}}\n"
    )
    first, second = timeline.latents
    assert (first.toward.seed, first.layers) == (3, None)
    assert (second.toward.latent, second.layers) == ("happy.npy", (7, 7))
    assert curves("  {toward: 3, layers: 7 - 14, keys: {1009: 1}}\n").latents[0].layers == (7, 14)


def test_a_timeline_comes_back_from_its_data():
    timeline = parse_timeline(
        HEAD
        + "character: {checkpoint: tiny, truncation: {1001: 0.7, 1009: 0.4}}\n"
        + "latents:\n  - {toward: {seed: 3, truncation: 0.5}, layers: 7-14, keys: {1009: 1}}\n"
        + "  - {direction: yaw, layers: all, keys: {1001: 1}}\n"
        + "solver: {smooth: 0.25s}\n"
    )
    data = json.loads(json.dumps(timeline.to_dict()))
    assert parse_timeline(data).to_dict() == timeline.to_dict()
    assert (data["latents"][0]["layers"], data["latents"][1]["layers"]) == ("7-14", "all")
    jsonschema.validate(data, timeline_schema())


def test_there_may_be_no_handles_where_the_latent_moves():
    samples = sample_timeline(curves("  - {toward: 3, keys: {1009: 1}}\n"), 32, 32)
    assert samples.targets.shape == (9, 0, 2)
    assert samples.weights.shape == samples.influence.shape == (9, 0)
    assert samples.start.shape == (0, 2)


def test_something_must_move():
    assert problems(HEAD + "character: tiny\n") == [
        "<text>:1:1: handles: is missing: name a point to move, or give `latents`"
    ]
    assert problems(HEAD + "character: tiny\nhandles: {}\n") == [
        "<text>:4:1: handles: must not be empty: name a point to move, or give `latents`"
    ]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(HEAD + "character: tiny\n"), timeline_schema())


def test_pinned_handles_are_no_doubt_where_the_latent_moves():
    pinned = "handles: {nose: {at: [1, 1], pin: true}}\n"
    assert timeline_warnings(parse_timeline(HEAD + "character: tiny\n" + pinned))
    assert not timeline_warnings(parse_timeline(ALONE + "  - {toward: 3, keys: {1009: 1}}\n" + pinned))


@pytest.mark.parametrize(
    ("latents", "told"),
    [
        (
            "{keys: {1009: 1}}",
            "5:5: latents[0]: goes `toward` a latent or along a `direction`; this has neither",
        ),
        (
            "{toward: 3, direction: yaw, keys: {1009: 1}}",
            "5:5: latents[0]: goes `toward` a latent or along a `direction`; this has both",
        ),
        ("{direction: yaw}", "5:5: latents[0].keys: is missing"),
        ("{direction: yaw, keys: {}}", "5:28: latents[0].keys: must not be empty"),
        (
            "{direction: yaw, keys: {1010: 1}}",
            "5:29: latents[0].keys: frame 1010 is after the last frame, 1009",
        ),
        ("{direction: yaw, keys: {1009: 101}}", "5:35: latents[0].keys.1009: must be at most 100, not 101"),
        (
            "{direction: yaw, keys: {1009: much}}",
            "5:35: latents[0].keys.1009: must be a mapping, not 'much'; its fields are ease, hold, interp,"
            " to, in, out",
        ),
        (
            "{toward: {seed: 3, latent: a.npy}, keys: {1009: 1}}",
            "5:6: latents[0].toward: is a seed or a latent; this has both",
        ),
        ("{toward: -1, keys: {1009: 1}}", "5:14: latents[0].toward: must be at least 0, not -1"),
        (
            "{toward: 3, layers: 14-7, keys: {1009: 1}}",
            "5:25: latents[0].layers: layers go up from 1 to at most 64, not '14-7'",
        ),
        (
            "{toward: 3, layers: high, keys: {1009: 1}}",
            "5:25: latents[0].layers: must be layers such as 7-14, or all, not 'high'",
        ),
        (
            "{toward: 3, layer: 7, keys: {1009: 1}}",
            "5:17: latents[0].layer: unknown field; did you mean layers?",
        ),
    ],
)
def test_what_is_wrong_with_a_blend_is_told_in_its_place(latents, told):
    assert problems(ALONE + f"  - {latents}\n") == [f"<text>:{told}"]


@pytest.mark.parametrize(
    ("truncation", "told"),
    [
        ("3", "3:43: character.truncation: must be at most 2, not 3"),
        ("{1001: 3}", "3:50: character.truncation.1001: must be at most 2, not 3"),
        (
            "{1001: 0.5, 1019: 1}",
            "3:55: character.truncation.keys: frame 1019 is after the last frame, 1009",
        ),
        (
            "{1001: 0.5}, latent: a.npy",
            "3:31: character.truncation: keys of truncation are for a seed; "
            "this character starts from a latent",
        ),
    ],
)
def test_what_is_wrong_with_truncation_is_told_in_its_place(truncation, told):
    text = HEAD + f"character: {{checkpoint: tiny, truncation: {truncation}}}\n"
    text += "latents: [{toward: 3, keys: {1009: 1}}]\n"
    assert problems(text) == [f"<text>:{told}"]


def test_a_latent_that_is_not_there_is_told_when_a_file_is_read(tmp_path):
    path = tmp_path / "shot.yaml"
    path.write_text(ALONE + "  - {toward: happy.npy, keys: {1009: 1}}\n")
    with pytest.raises(TimelineError, match=r"latents\[0\]\.toward: there is no file happy\.npy$"):
        load_timeline(path)


@pytest.mark.parametrize(
    ("written", "frames"), [("7", 7.0), ("0.25s", 6.0), ("{window: 1 s, passes: 2}", 24.0), ("0", 0.0)]
)
def test_the_window_of_smoothing_is_frames_or_seconds(written, frames):
    timeline = curves(f"  - {{toward: 3, keys: {{1009: 1}}}}\nsolver: {{smooth: {written}}}\n")
    assert timeline.solver.smooth.frames(Fraction(24)) == frames


def test_a_wrong_window_says_what_one_is():
    told = problems(ALONE + "  - {toward: 3, keys: {1009: 1}}\nsolver: {smooth: often}\n")
    message = "must be 0 to 1000 frames, or seconds as text such as 0.25s, not 'often'"
    assert told == [f"<text>:6:18: solver.smooth: {message}"]


@given(st.integers(1, 64), st.integers(1, 64))
def test_layers_come_back_as_written(first, last):
    first, last = sorted((first, last))
    timeline = curves(f"  - {{toward: 3, layers: {first}-{last}, keys: {{1009: 1}}}}\n")
    assert timeline.latents[0].layers == (first, last)
    assert timeline.to_dict()["latents"][0]["layers"] == f"{first}-{last}"


def test_curves_of_the_latent_are_retimed_with_the_handles():
    timeline = parse_timeline(
        HEAD
        + "character: {checkpoint: tiny, truncation: {1001: 0.7, 1005: 0.4}}\n"
        + "latents: {toward: 3, keys: {1009: {to: 1, in: [2, 0]}}}\n"
        + "solver: {smooth: 6}\n"
    )
    longer = retime(timeline, length=17)
    assert list(longer.character.truncation.keys) == [1001, 1009]
    assert longer.latents[0].keys[1017].tangent_in == (4.0, 0.0)
    assert longer.solver.smooth.window == 12
