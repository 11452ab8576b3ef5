"""Lists as jobs for others: Open Job Description templates and shell scripts, and the steps of both."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result

from previz import Take, read_video
from previz.batch import (
    BatchError,
    ShotPlan,
    WorkOptions,
    decode_step,
    encode_step,
    finish,
    openjd_template,
    plan_list,
    read_plan,
    solve_step,
    standing,
    sync,
    work,
    write_plan,
)
from previz.batch._openjd import chunks
from previz.cli import main
from previz.timebase import FrameRange
from tests.batch.lists import make_folder, make_list

ONE = {"timeline": "nod.yaml"}
PREVIZ = Path(sys.executable).with_name("previz")


@pytest.fixture
def folder(tmp_path) -> Path:
    return make_folder(tmp_path)


def previz(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(part) for part in arguments])
    assert result.exit_code == code, result.output
    return result


def outputs(plan: ShotPlan) -> dict[str, tuple[bytes, list[np.ndarray]]]:
    """Every shot's latents and pictures."""
    return {
        shot.id: (Take.load(shot.outputs.take).latents.tobytes(), list(read_video(shot.outputs.clip)))
        for shot in plan.shots
    }


def in_steps(plan: ShotPlan) -> None:
    for shot in plan.shots:
        solve_step(shot)
        for frame in shot.frames:
            decode_step(shot, FrameRange(frame, frame))
        encode_step(shot)


@pytest.mark.parametrize(
    "look",
    [
        {},
        {"output.slate": 2, "output.burn_in": ["shot", "frame"], "output.size": 64},
        {"output.video": "clip.mov", "output.codec": "prores", "output.overlay": True},
    ],
)
def test_steps_leave_what_a_worker_leaves(folder, look):
    both = {**ONE, "set": look}
    shots = {"a": both, "b": {**both, "start_from": "a", "frames": "1001-1002"}}
    alone, stepped = (plan_list(make_list(folder, shots), folder / name) for name in ("alone", "stepped"))
    sync(alone).close()
    work(alone.database, WorkOptions(), finish)
    in_steps(stepped)
    wanted, found = outputs(alone), outputs(stepped)
    for shot in ("a", "b"):
        assert found[shot][0] == wanted[shot][0]
        assert all(map(np.array_equal, found[shot][1], wanted[shot][1]))
        assert len(found[shot][1]) == len(wanted[shot][1])
    files = [
        sorted(path.relative_to(plan.folder) for path in plan.folder.glob("?/*")) for plan in (alone, stepped)
    ]
    assert files[0] == files[1]
    assert [one.fate for one in standing(stepped)] == ["cached", "cached"]


def test_numbered_pictures_are_the_decoded_ones(folder):
    change = {"output.video": "out.####.png", "output.codec": None, "output.slate": 1}
    plan = plan_list(make_list(folder, {"a": {**ONE, "set": change}}))
    in_steps(plan)
    names = sorted(path.name for path in plan["a"].outputs.clip.parent.iterdir())
    assert names == ["a.1000.png", "a.1001.png", "a.1002.png", "a.1003.png"]


def test_steps_that_are_done_do_nothing_again(folder):
    plan = plan_list(make_list(folder))
    in_steps(plan)
    shot = plan.shots[0]
    written = shot.outputs.clip.stat().st_mtime_ns
    assert (solve_step(shot), encode_step(shot)) == (False, False)
    decode_step(shot, shot.frames)
    assert shot.outputs.clip.stat().st_mtime_ns == written
    assert not list(shot.outputs.clip.parent.glob("*.frames"))


def test_steps_out_of_order_are_told_of(folder):
    shot = plan_list(make_list(folder)).shots[0]
    with pytest.raises(BatchError) as caught:
        decode_step(shot, shot.frames)
    assert str(caught.value) == f"sh010 is not solved; `previz batch solve` makes {shot.outputs.take}"
    solve_step(shot)
    decode_step(shot, FrameRange(1001, 1001))
    with pytest.raises(BatchError) as caught:
        encode_step(shot)
    pictures = shot.outputs.clip.with_name("sh010.frames") / "sh010.####.png"
    assert str(caught.value) == (
        f"sh010: frame 1002 and 1 more aren't decoded; `previz batch decode` makes {pictures}"
    )


def test_take_of_other_inputs_is_not_replaced_unasked(folder):
    solve_step(plan_list(make_list(folder)).shots[0])
    shot = plan_list(make_list(folder, {"sh010": {**ONE, "seed": 8}})).shots[0]
    with pytest.raises(BatchError) as caught:
        solve_step(shot)
    assert str(caught.value) == (
        f"sh010 is in {shot.outputs.take.parent} already, made of other inputs; pass --force to replace it, "
        "or raise the list's `version`"
    )
    assert solve_step(shot, force=True)


def test_changed_checkpoint_is_told_of(folder):
    shot = plan_list(make_list(folder)).shots[0]
    with (folder / "tiny.safetensors").open("ab") as file:
        file.write(b" ")
    with pytest.raises(BatchError) as caught:
        solve_step(shot)
    assert str(caught.value) == f"sh010: {shot.checkpoint} is not what it was when the plan was made"


def test_plan_is_read_as_it_was_written(folder):
    shots = {"a": {**ONE, "tags": "hero", "resources": {"gpus": 0.5}}, "b": {**ONE, "start_from": "a"}}
    plan = plan_list(make_list(folder, shots))
    assert read_plan(write_plan(plan, folder / "plan.json")) == plan


def test_other_files_are_no_plans(folder):
    for text in ("[1]", "{", '{"shots": []}'):
        (folder / "x.json").write_text(text)
        with pytest.raises(BatchError) as caught:
            read_plan(folder / "x.json")
        assert str(caught.value) == f"{folder}/x.json: is no plan; `previz batch export` writes one"


def test_frames_are_cut_into_chunks():
    assert chunks(FrameRange(1001, 1005), 2) == ["1001-1002", "1003-1004", "1005"]
    assert chunks(FrameRange(1001, 1001), 24) == ["1001"]
    many = chunks(FrameRange(1, 5000), 1)
    assert (len(many), many[-1]) == (1000, "4996-5000")


def openjd(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("openjd")
    if not program.is_file():
        pytest.skip("needs openjd-cli")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_template_is_valid_and_waits_as_the_list_does(folder, suffix):
    shots = {
        "x" * 90: ONE,
        "a": {**ONE, "resources": {"gpus": 0.5, "cpus": 4, "memory_gb": 12}},
        "b": {**ONE, "start_from": "a"},
        "c": {**ONE, "after": ["a", "b"]},
    }
    path = make_list(folder, shots)
    file = folder / f"job.{suffix}"
    told = previz("batch", "export", path, "-o", file, "--chunk", 2)
    assert told.stdout == f"{file}: 4 shots, 12 steps; they read {folder}/job.plan.json\n"
    checked = openjd("check", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    template = yaml.safe_load(file.read_text())
    steps = {step["name"]: step for step in template["steps"]}
    waits = {name: [one["dependsOn"] for one in step.get("dependencies", ())] for name, step in steps.items()}
    assert waits["b-solve"] == ["a-solve"]
    assert waits["c-solve"] == ["a-encode", "b-encode"]
    assert (waits["a-decode"], waits["a-encode"]) == (["a-solve"], ["a-decode"])
    (frames,) = steps["a-decode"]["parameterSpace"]["taskParameterDefinitions"]
    assert frames == {"name": "Frames", "type": "STRING", "range": ["1001-1002", "1003"]}
    assert steps["a-solve"]["hostRequirements"]["amounts"] == [
        {"name": "amount.worker.vcpu", "min": 4},
        {"name": "amount.worker.gpu", "min": 1},
        {"name": "amount.worker.memory", "min": 11445},
    ]


def test_chosen_shots_are_exported_with_what_they_wait_for(folder):
    plan = plan_list(make_list(folder, {"a": ONE, "b": {**ONE, "after": "a"}, "c": ONE}))
    template = openjd_template(plan, folder / "plan.json", only=plan.with_needs(frozenset("b")))
    assert [step["name"] for step in template["steps"]] == [
        f"{shot}-{what}" for shot in "ab" for what in ("solve", "decode", "encode")
    ]


def test_template_renders_the_list(folder):
    plan = plan_list(make_list(folder, {"a": {**ONE, "frames": "1001-1002"}}))
    previz("batch", "export", plan.source, "-o", folder / "job.yaml", "--chunk", 1)
    parameters = ["-p", f"Previz={PREVIZ}", "-p", "Device=cpu"]
    ran = openjd("run", folder / "job.yaml", "--step", "a-encode", "--run-dependencies", *parameters)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert sum(1 for _ in read_video(plan["a"].outputs.clip)) == 2
    assert [one.fate for one in standing(plan)] == ["cached"]


def test_script_is_plain_shell_and_renders_the_list(folder):
    shots = {
        "c": {**ONE, "after": "b", "priority": 9},
        "b": {**ONE, "set": {"solver.block": 9}, "retries": 0, "priority": 1},
        "a": ONE,
    }
    plan = plan_list(make_list(folder, shots))
    script = folder / "job.sh"
    previz("batch", "export", plan.source, "--format", "shell", "-o", script)
    lines = [line for line in script.read_text().splitlines() if line.startswith("shot ")]
    assert lines == ["shot b", "shot c  # after b", "shot a"]
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    environment = {"PREVIZ": str(PREVIZ), "PREVIZ_OPTIONS": "--device cpu", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run([script], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    state = sync(plan)
    assert [(row.id, row.status) for row in state.rows()] == [
        ("a", "done"),
        ("b", "failed"),
        ("c", "waiting"),
    ]


def test_script_ends_with_the_code_of_what_it_can_not_go_on_for(folder):
    path = make_list(folder)
    previz("batch", "export", path, "--format", "shell", "-o", folder / "job.sh")
    environment = {"PREVIZ": str(folder / "none"), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(["sh", folder / "job.sh"], env=environment, capture_output=True, check=False)
    assert ran.returncode == 127
    ran = subprocess.run(["sh", folder / "job.sh", "sh99"], env=environment, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, f"{folder}/job.sh: there is no such shot: sh99 \n".encode())
    environment["PREVIZ"] = str(PREVIZ)
    path.write_text("previz: 1\nshots: {}\n")
    ran = subprocess.run(["sh", folder / "job.sh"], env=environment, capture_output=True, check=False)
    assert ran.returncode == 2


def test_script_passes_shellcheck(folder):
    if shutil.which("shellcheck") is None:
        pytest.skip("needs shellcheck")
    previz("batch", "export", make_list(folder), "--format", "shell", "-o", folder / "job.sh")
    checked = subprocess.run(["shellcheck", folder / "job.sh"], capture_output=True, text=True, check=False)
    assert checked.stdout == ""


def test_exports_replace_nothing_unasked(folder):
    path = make_list(folder)
    (folder / "job.plan.json").write_text("mine")
    told = previz("batch", "export", path, "-o", folder / "job.yaml", code=2)
    assert told.stderr == (
        f"previz: error: {folder}/job.plan.json exists already; pass --force (force=True from Python) to "
        "replace it\n"
    )
    assert not (folder / "job.yaml").exists()
    told = previz("batch", "export", path, "-o", folder / "job.txt", code=2)
    assert told.stderr == (
        f"previz: error: {folder}/job.txt: the openjd export is a file named .yaml or .yml or .json\n"
    )


def test_steps_are_commands_on_plans_and_lists(folder):
    path = make_list(folder)
    plan = plan_list(path)
    write_plan(plan, folder / "plan.json")
    shot = plan.shots[0]
    previz("batch", "solve", folder / "plan.json", "sh010", "--device", "cpu")
    told = previz("batch", "decode", path, "sh010", "--frames", "1001-1003", "--device", "cpu")
    assert told.stdout == f"{shot.outputs.clip.with_name('sh010.frames')}/sh010.####.png: 1001-1003\n"
    told = previz("batch", "encode", path, "sh010", "--device", "cpu")
    assert told.stdout == f"{shot.outputs.clip}\n"
    told = previz("batch", "encode", folder / "plan.json", "sh01", code=2)
    assert told.stderr == (f"previz: error: {folder}/plan.json: there is no shot sh01; did you mean sh010?\n")
    assert json.loads(shot.outputs.report.read_text())["input_hash"] == shot.input_hash
