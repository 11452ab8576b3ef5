import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from previz.cli import bench as command
from previz.cli import main
from tests.benchmarks.small import small_character


@pytest.fixture(scope="module")
def character(tmp_path_factory) -> str:
    return str(small_character(tmp_path_factory.mktemp("small")))


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["bench", *map(str, arguments)])


def drags(character: str, state: Path) -> list[str]:
    few = ["--pairs", "3", "--handles", "1", "--solver", "adam:max_iterations=1", "--solver", "ik"]
    return ["landmarks", "--character", character, *few, "--state", str(state)]


def cases_in(state: Path) -> list[str]:
    whole = state.read_text().rpartition("\n")[0] if state.exists() else ""
    return [json.loads(line)["case"] for line in whole.splitlines()[1:]]


def test_tables_json_and_report_are_written(character, tmp_path):
    paths = {name: tmp_path / f"out.{name}" for name in ("json", "markdown", "report")}
    outputs = [part for name, path in paths.items() for part in (f"--{name}", path)]
    result = bench("tracking", "--character", character, "--pairs", 1, "--state", tmp_path / "s", *outputs)
    assert (result.exit_code, result.stdout) == (0, "")
    content = json.loads(paths["json"].read_text())
    assert (content["character"], list(content["suites"])) == (character, ["tracking"])
    assert len(content["suites"]["tracking"]) == 9
    measured = content["suites"]["tracking"][0]["measured"]
    assert set(measured) == {"commit", "machine", "date"}
    assert "| nearest neighbour | 1 |" in paths["markdown"].read_text()
    assert "<td>nearest neighbour</td>" in paths["report"].read_text()
    assert "tracking 1/1: path 0," in result.stderr


def test_a_run_that_was_killed_goes_on_where_it_was(character, tmp_path):
    state = tmp_path / "state.jsonl"
    arguments = [sys.executable, "-m", "previz", "bench", *drags(character, state)]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not cases_in(state):
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    before = state.read_text().splitlines()[:2]
    kept = cases_in(state)
    result = bench(*drags(character, state), "--resume")
    assert result.exit_code == 0
    assert state.read_text().splitlines()[:2] == before
    assert len(cases_in(state)) == len(set(cases_in(state))) == 3
    told = [line for line in result.stderr.splitlines() if line.startswith("landmarks ")]
    assert len(told) == 3 - len(kept)
    assert "| ik | 3 |" in result.stdout


def test_a_run_that_is_done_is_shown_again_without_measuring(character, tmp_path):
    state = tmp_path / "state.jsonl"
    first = bench("tracking", "--character", character, "--pairs", 1, "--state", state)
    again = bench("tracking", "--character", character, "--pairs", 1, "--state", state, "--resume")
    assert again.stdout.splitlines()[1:] == first.stdout.splitlines()[1:]
    assert again.stderr == ""


def test_what_a_state_holds_so_far_is_shown_whatever_was_asked_for(character, tmp_path):
    state = tmp_path / "state.jsonl"
    bench("tracking", "--character", character, "--pairs", 2, "--state", state)
    shown = bench("--show", "--state", state)
    assert "| DIS | 2 |" in shown.stdout
    assert "## Speed" not in shown.stdout
    assert len(cases_in(state)) == 2


def test_a_state_without_a_case_has_nothing_to_show(tmp_path):
    state = tmp_path / "state.jsonl"
    state.write_text('{"format": 1, "character": "mira", "digest": "a", "quick": false}\n')
    result = bench("--show", "--state", state)
    assert (result.exit_code, result.stderr) == (
        2,
        f"previz: error: {state}: nothing has been measured yet\n",
    )


def test_without_a_state_of_its_own_a_run_leaves_none_behind(character, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bench("tracking", "--character", character, "--pairs", 1).exit_code == 0
    assert list((tmp_path / "renders").iterdir()) == []


def test_a_dry_run_lists_the_cases_and_measures_nothing(character, tmp_path):
    state = tmp_path / "state.jsonl"
    result = bench(*drags(character, state), "--dry-run")
    cases = [f"landmarks: 1, pair {pair}: adam:max_iterations=1 ik" for pair in range(3)]
    assert result.stdout.splitlines() == cases
    assert not state.exists()


def test_outputs_are_not_overwritten_unasked_and_that_is_said_before_measuring(character, tmp_path):
    path = tmp_path / "out.json"
    path.write_text("mine")
    result = bench("tracking", "--character", character, "--state", tmp_path / "s", "--json", path)
    assert result.exit_code == 2
    assert result.stderr == (
        f"previz: error: {path} exists already; pass --force (force=True from Python) to replace it\n"
    )
    assert path.read_text() == "mine"


def test_an_installed_package_without_benchmarks_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "ROOT", tmp_path)
    result = bench("--quick")
    assert result.exit_code == 2
    assert result.stderr == (
        f"previz: error: there are no benchmarks beside {tmp_path / 'previz'}: `previz bench` needs a "
        "checkout of previz, installed with `pip install -e .`\n"
    )


def test_an_unknown_suite_is_refused_with_the_known_ones():
    result = bench("speeed")
    assert result.exit_code == 2
    known = "'landmarks', 'reconstruction', 'tracking', 'animation', 'speed'"
    assert f"'speeed' is not one of {known}" in result.stderr
