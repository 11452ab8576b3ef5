import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

# Stands for previz, so that these tests install nothing.
MODULE = """\
import sys
print("previz got", sys.argv[1:])
sys.exit(7)
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the files that start.py needs, in a path with a space."""
    folder = tmp_path / "my project"
    (folder / "previz").mkdir(parents=True)
    (folder / "previz" / "__main__.py").write_text(MODULE)
    for name in ("start.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(REPOSITORY / name, folder)
    return folder


@pytest.fixture
def ready(project) -> Path:
    """A project that is set up: an environment without packages, and the stamp that says it is complete."""
    venv.create(project / ".venv", with_pip=False, symlinks=os.name != "nt")
    code = "import start; start.STAMP.write_text(start.inputs_digest())"
    subprocess.run([sys.executable, "-c", code], cwd=project, check=True)
    return project


def start(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Without any index, pip is as if there were no network.
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    command = [sys.executable, str(project / "start.py"), *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_without_arguments_it_tells_how_to_use_it(project):
    result = start(project)
    assert result.returncode == 0
    assert "python3 start.py render timelines/smile.yaml" in result.stdout
    assert not (project / ".venv").exists()


def test_once_set_up_it_runs_previz_and_installs_nothing(ready):
    result = start(ready, "render", "a b.yaml", "--size", "64")
    assert result.stdout == "previz got ['render', 'a b.yaml', '--size', '64']\n"
    assert result.stderr == ""


def test_exit_code_is_that_of_previz(ready):
    assert start(ready, "check").returncode == 7


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_other_requirements_are_installed(ready, name):
    with (ready / name).open("a") as file:
        file.write("\n# changed\n")
    assert "start: installing previz and what it needs" in start(ready, "check").stderr


def test_tests_need_more_than_a_render(ready):
    assert "start: installing previz and what it needs" in start(ready, "test").stderr


def test_moved_project_is_set_up_again(ready, tmp_path):
    moved = shutil.move(ready, tmp_path / "elsewhere")
    assert "start: installing previz and what it needs" in start(moved, "check").stderr


def test_environment_whose_python_is_gone_is_made_again(ready):
    python = ready / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python.unlink()
    python.write_text("")
    assert "start: making a virtual environment" in start(ready, "setup").stderr


def test_failed_installation_is_explained_and_tried_again_next_time(project):
    result = start(project, "check")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == (
        "start: installing failed; pip's own words are above. The first run needs the network, or a mirror "
        "that pip is set up for. Run the same command again to go on"
    )
    assert "Traceback" not in result.stderr
    assert "start: installing previz" in start(project, "check").stderr


def test_old_python_is_refused_in_one_line(project):
    code = "import sys, start; sys.version_info = (3, 10, 4); sys.exit(start.main(['check']))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert result.stderr == f"start: Python 3.11 or newer is needed; this is 3.10.4, {sys.executable}\n"
