import json
import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import previz
from previz.cli import main
from previz.cli._group import LazyGroup
from previz.errors import PrevizError, Problem, TimelineError

COMMANDS = [
    "new", "pick", "render", "batch", "check", "retime", "schema", "model", "sheet", "compare", "plot",
    "latents", "curves", "otio", "bench", "cast",
]  # fmt: skip


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def group_that_raises(error: BaseException) -> click.Group:
    group = LazyGroup("previz")

    @group.command()
    def fail() -> None:
        raise error

    return group


def test_help_names_every_command_and_has_an_example():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    listed = result.output.partition("Commands:\n")[2].splitlines()[: len(COMMANDS)]
    assert [line.split()[0] for line in listed] == COMMANDS
    assert "Example: previz render timelines/smile.yaml" in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0
    assert re.search(r"Examples?:\s+previz ", result.output)


@pytest.mark.parametrize("arguments", [["--help"], ["cast", "--help"], ["--version"], ["rendr"]])
def test_help_is_fast_as_it_imports_neither_torch_nor_a_codec(arguments):
    assert heavy_imports(arguments) == "[]"


def test_help_of_render_lists_the_codecs_and_imports_no_torch_for_that():
    assert heavy_imports(["render", "--help"]) == "['av', 'cv2', 'numpy']"


def heavy_imports(arguments: list[str]) -> str:
    code = (
        "import sys\n"
        "from previz.cli import main\n"
        "try:\n"
        f"    main({arguments})\n"
        "except SystemExit:\n"
        "    print([name for name in ('torch', 'av', 'cv2', 'scipy', 'numpy') if name in sys.modules])\n"
    )
    return run_python("-c", code).stdout.splitlines()[-1]


def test_version():
    assert CliRunner().invoke(main, ["--version"]).output == f"previz, version {previz.__version__}\n"


def test_python_m_previz_is_the_same_command():
    result = run_python("-m", "previz", "--version")
    assert (result.returncode, result.stdout) == (0, f"previz, version {previz.__version__}\n")


def test_misspelt_command_is_answered_with_the_nearest():
    result = CliRunner().invoke(main, ["rendr"])
    assert result.exit_code == 2
    assert "Error: No such command 'rendr'. Did you mean render?\n" in result.stderr


def test_unlike_command_is_answered_plainly():
    result = CliRunner().invoke(main, ["zzz"])
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: No such command 'zzz'.\n")


def test_what_a_user_causes_is_a_line_on_stderr_and_exit_code_2():
    result = CliRunner().invoke(group_that_raises(PrevizError("the frame is too blue")), ["fail"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "previz: error: the frame is too blue\n"


def test_every_problem_of_a_timeline_is_a_line():
    problems = [Problem("a.yaml:1:2", "fps", "too fast"), Problem("a.yaml:3:4", "frames", "too many")]
    result = CliRunner().invoke(group_that_raises(TimelineError(problems)), ["fail"])
    assert result.stderr.splitlines() == [
        "previz: error: a.yaml:1:2: fps: too fast",
        "previz: error: a.yaml:3:4: frames: too many",
    ]


def test_interruption_is_exit_code_130():
    result = CliRunner().invoke(group_that_raises(KeyboardInterrupt()), ["fail"])
    assert (result.exit_code, result.stderr) == (130, "previz: interrupted\n")


def test_a_bug_keeps_its_traceback():
    result = CliRunner().invoke(group_that_raises(ZeroDivisionError("a bug")), ["fail"])
    assert isinstance(result.exception, ZeroDivisionError)


def test_a_reader_that_goes_away_is_no_traceback():
    # As in `previz schema | head -1`.
    writer = subprocess.Popen(
        [sys.executable, "-m", "previz", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    writer.stdout.close()
    assert "Traceback" not in writer.stderr.read().decode()
    writer.stderr.close()
    writer.wait()


def test_schema_is_json_on_stdout():
    assert json.loads(CliRunner().invoke(main, ["schema"]).stdout)["title"] == "previz timeline"
