import pytest

from benchmarks._journal import begin, read
from benchmarks._machine import matrix_rate, peak_memory
from benchmarks._run import plain
from previz.errors import OutputError

ABOUT = {"character": "tiny", "digest": "abc", "quick": False}


def test_cases_are_kept_and_read_again(tmp_path):
    state = tmp_path / "state.jsonl"
    journal = begin(state, ABOUT, resume=False, force=False)
    journal.add("tracking", "path 0", [{"error": 1.5}])
    journal.add("tracking", "path 1", [])
    again = begin(state, ABOUT, resume=True, force=False)
    assert again.done == {("tracking", "path 0"): [{"error": 1.5}], ("tracking", "path 1"): []}


def test_a_run_that_was_not_begun_can_be_gone_on_with(tmp_path):
    assert begin(tmp_path / "state.jsonl", ABOUT, resume=True, force=False).done == {}


def test_a_line_that_a_crash_cut_off_is_measured_again(tmp_path):
    state = tmp_path / "state.jsonl"
    begin(state, ABOUT, resume=False, force=False).add("speed", "256", [{"s": 1}])
    with state.open("a", encoding="utf-8") as file:
        file.write('{"suite": "speed", "case": "512", "rec')
    journal = begin(state, ABOUT, resume=True, force=False)
    assert list(journal.done) == [("speed", "256")]
    journal.add("speed", "512", [{"s": 2}])
    assert list(read(state)[0].done) == [("speed", "256"), ("speed", "512")]


def test_a_state_is_not_overwritten_unasked(tmp_path):
    state = tmp_path / "state.jsonl"
    begin(state, ABOUT, resume=False, force=False).add("speed", "256", [])
    with pytest.raises(OutputError) as error:
        begin(state, ABOUT, resume=False, force=False)
    assert str(error.value) == (
        f"{state}: the state of a run; --resume goes on with it or shows it, --force starts again"
    )
    assert begin(state, ABOUT, resume=False, force=True).done == {}


def test_a_state_of_another_character_is_not_gone_on_with(tmp_path):
    state = tmp_path / "state.jsonl"
    begin(state, ABOUT, resume=False, force=False)
    with pytest.raises(OutputError) as error:
        begin(state, {**ABOUT, "digest": "def"}, resume=True, force=False)
    assert str(error.value) == (
        f"{state}: measured with digest abc, not def; "
        "--force starts it again, --state keeps another beside it"
    )


@pytest.mark.parametrize("content", ["", "[]\n", "previz: 1\n", '{"format": 99}\n'])
def test_another_kind_of_file_is_refused(tmp_path, content):
    state = tmp_path / "state.jsonl"
    state.write_text(content)
    with pytest.raises(OutputError) as error:
        begin(state, ABOUT, resume=True, force=False)
    assert str(error.value) == f"{state}: not the state of a `previz bench` of this version"


def test_a_damaged_case_is_named_by_its_line(tmp_path):
    state = tmp_path / "state.jsonl"
    begin(state, ABOUT, resume=False, force=False).add("speed", "256", [])
    with state.open("a", encoding="utf-8") as file:
        file.write("nonsense\n")
    with pytest.raises(OutputError) as error:
        begin(state, ABOUT, resume=True, force=False)
    assert str(error.value) == f"{state}:3: not a case of a `previz bench`; --force starts it again"


def test_numbers_that_json_lacks_become_null():
    assert plain({"a": [1.0, float("nan")], "b": (float("inf"), "x")}) == {"a": [1.0, None], "b": [None, "x"]}


def test_peak_memory_is_that_of_the_block_alone():
    with peak_memory() as large:
        bytearray(300 * 2**20).find(1)
    with peak_memory() as small:
        pass
    if large.gib is None or small.gib is None:
        pytest.skip("the system doesn't tell")
    assert 0.25 < large.gib - small.gib < 0.5


def test_the_matrix_rate_is_above_that_of_a_pocket_calculator():
    assert matrix_rate(size=128, rounds=3) > 1e8
