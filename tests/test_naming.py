import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.errors import OutputError, PrevizError
from previz.naming import check_name, claim_version, earlier_versions, fill_name, has_version, next_version

TEMPLATE = "{show}_{seq}_{shot}_v{version:03}"
FIELDS = {"show": "owl", "seq": "sq010", "shot": "sh020"}


def test_template_is_filled_in():
    assert fill_name(TEMPLATE, FIELDS, 7) == "owl_sq010_sh020_v007"
    assert fill_name("{shot}.{character}", {"shot": "a", "character": "mira"}) == "a.mira"
    assert fill_name("{shot}_v{version}", {"shot": "a"}, 12) == "a_v12"


def test_versions_grow_beyond_their_padding():
    assert fill_name(TEMPLATE, FIELDS, 1234) == "owl_sq010_sh020_v1234"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{shoot}", "{shoot} is not a field of a name; did you mean {shot}?"),
        (
            "{artist}",
            "{artist} is not a field of a name; known are show, seq, shot, version, character",
        ),
        ("{}", "{} is not a field of a name; known are show, seq, shot, version, character"),
        (
            "{shot.__class__}",
            "{shot.__class__} is not a field of a name; known are show, seq, shot, version, character",
        ),
        (
            "a{",
            "'a{' is not a name: its braces don't match; write it as \"{show}_{seq}_{shot}_v{version:03}\"",
        ),
        ("a/{shot}", "a name has no '/' in it; folders belong to the path of the clip"),
        ("", "'' is not a name; write it as \"{show}_{seq}_{shot}_v{version:03}\""),
        (
            "{version:999999999}",
            '{version:999999999} can\'t be filled in; write it as "{show}_{seq}_{shot}_v{version:03}"',
        ),
        ("{shot:>9}", '{shot:>9} can\'t be filled in; write it as "{show}_{seq}_{shot}_v{version:03}"'),
    ],
)
def test_templates_that_are_none_are_one_line(template, text):
    with pytest.raises(PrevizError) as error:
        check_name(template)
    assert str(error.value) == text


def test_field_without_a_value_is_named():
    with pytest.raises(PrevizError) as error:
        fill_name(TEMPLATE, {"shot": "sh020", "show": None}, 1)
    assert str(error.value) == "the name needs a show, and there is none; give one, `show: ...`"


def test_name_with_and_without_a_version():
    assert has_version(TEMPLATE)
    assert not has_version("{shot}")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], 1),
        (["owl_sq010_sh020_v001.mp4"], 2),
        (["owl_sq010_sh020_v001.mp4", "owl_sq010_sh020_v009.take.safetensors"], 10),
        (["owl_sq010_sh020_v001.mp4", "owl_sq010_sh020_v0010.mp4"], 11),
        (["owl_sq010_sh020_v004"], 5),  # a folder of pictures
        ([".owl_sq010_sh020_v002.claim"], 3),
        (["owl_sq010_sh020_v002.take.partial"], 1),
        (["owl_sq010_sh021_v007.mp4", "x_owl_sq010_sh020_v007.mp4", "owl_sq010_sh020_v00x.mp4"], 1),
    ],
)
def test_next_version_follows_the_highest_on_disk(tmp_path, names, expected):
    for name in names:
        (tmp_path / name).touch()
    assert next_version(tmp_path, TEMPLATE, FIELDS) == expected


def test_earlier_versions_are_told_from_the_latest_on(tmp_path):
    for number in (2, 10, 1):
        (tmp_path / f"{fill_name(TEMPLATE, FIELDS, number)}.mp4").touch()
    assert earlier_versions(tmp_path, TEMPLATE, FIELDS) == [10, 2, 1]


def test_next_version_of_a_folder_that_is_not_there_is_the_first(tmp_path):
    assert next_version(tmp_path / "none", TEMPLATE, FIELDS) == 1


@given(st.integers(1, 99_999), st.sampled_from([TEMPLATE, "{shot}.{version}", "v{version:04}_{seq}"]))
def test_each_version_is_found_by_its_name(tmp_path_factory, version, template):
    folder = tmp_path_factory.mktemp("versions")
    (folder / f"{fill_name(template, FIELDS, version)}.mov").touch()
    assert next_version(folder, template, FIELDS) == version + 1


def test_claim_is_given_up_even_where_the_render_fails(tmp_path):
    seen = []

    def render() -> None:
        with claim_version(tmp_path, TEMPLATE, FIELDS) as version:
            seen.extend([version, *(path.name for path in tmp_path.iterdir())])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render()
    assert seen == [1, ".owl_sq010_sh020_v001.claim"]
    assert list(tmp_path.iterdir()) == []


def test_renders_at_one_time_get_versions_of_their_own(tmp_path):
    together = threading.Barrier(8)

    def render(_: int) -> int:
        together.wait()
        with claim_version(tmp_path, TEMPLATE, FIELDS) as version:
            (tmp_path / f"{fill_name(TEMPLATE, FIELDS, version)}.mp4").open("x").close()
            return version

    with ThreadPoolExecutor(8) as pool:
        versions = sorted(pool.map(render, range(8)))
    assert len(set(versions)) == 8


def test_given_version_is_refused_while_another_renders_it(tmp_path):
    with (
        claim_version(tmp_path, TEMPLATE, FIELDS, 3),
        pytest.raises(OutputError) as error,
        claim_version(tmp_path, TEMPLATE, FIELDS, 3),
    ):
        pass
    assert str(error.value) == (
        f"{tmp_path / 'owl_sq010_sh020_v003'} is being rendered already; "
        f"if it isn't, remove {tmp_path / '.owl_sq010_sh020_v003.claim'}"
    )


def test_folder_that_can_not_be_made_is_one_line(tmp_path):
    Path(tmp_path / "file").touch()
    with pytest.raises(OutputError) as error, claim_version(tmp_path / "file" / "x", TEMPLATE, FIELDS):
        pass
    assert str(error.value).startswith(f"{tmp_path / 'file' / 'x'}: can't be written to: ")
