import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from benchmarks import animation, landmarks, reconstruction, speed, tracking
from benchmarks._cast import load_ground, parse_solver, solver_name
from benchmarks._suite import Options
from benchmarks.speed import Leg, run_leg
from previz.drag import DragSettings, IKSettings
from previz.errors import CastError, SolveError
from tests.benchmarks.small import small_character

SOLVERS = ("adam:max_iterations=2", "ik:ik.max_iterations=2:layers=3")
AS_FAR = SOLVERS[1] + ", as far as the first"


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> Options:
    path = small_character(tmp_path_factory.mktemp("small"))
    return Options(character=str(path), pairs=2, solvers=SOLVERS, handles=("1", "5+mask"), strips=1)


@pytest.fixture(scope="module")
def dragged(options):
    return [record for case in landmarks.SUITE.cases(options) for record in case.measure()]


def test_every_solver_drags_every_pair_with_every_number_of_handles(options, dragged):
    assert len({case.name for case in landmarks.SUITE.cases(options)}) == 4
    wanted = {(pair, kind, s) for pair in (0, 1) for kind in options.handles for s in (*SOLVERS, AS_FAR)}
    assert {(r["pair"], r["handles"], r["solver"]) for r in dragged} == wanted


def test_a_drag_is_measured_in_all_ways(dragged):
    masked, free = (next(r for r in dragged if r["handles"] == kind) for kind in ("5+mask", "1"))
    assert free["outside"] is None
    assert masked["outside"] >= 0
    assert masked["iterations"] == 2
    assert len(masked["trace"]) == len(masked["trace_cpu"]) == 3
    for name in ("md_before", "md", "md_floor", "others", "identity", "colour", "to_target", "cpu", "wall"):
        assert math.isfinite(masked[name])


def test_both_solvers_start_from_the_same_picture(dragged):
    first, second, _ = (r for r in dragged if (r["pair"], r["handles"]) == (1, "1"))
    for name in ("md_before", "md_floor", "others_before", "identity_true", "colour_true"):
        assert first[name] == second[name]
    assert first["trace"][0] == second["trace"][0]


def test_landmark_tables_have_a_line_a_solver_and_compare_with_the_first(dragged):
    one, masked, _ = landmarks.SUITE.tables(dragged)
    assert (one.title, masked.title) == ("1 handle", "5 handles, with a mask")
    assert [row[0] for row in one.rows] == [
        "adam (max iterations 2)",
        "ik (ik.max iterations 2, layers 3)",
        "ik (ik.max iterations 2, layers 3, as far as the first)",
    ]
    difference = one.heads.index("MD less the first's")
    assert one.rows[0][difference] == ""
    assert "±" in one.rows[1][difference]
    assert "outside" in masked.heads
    assert "outside" not in one.heads
    assert all(len(row) == len(table.heads) for table in (one, masked) for row in table.rows)


def test_what_is_asked_of_a_solver_is_held_against_the_first():
    common = {"pair": 0, "handles": "5+mask"}
    first = common | {"solver": "adam", "md": 10.0, "cpu": 20.0, "identity": 0.1, "outside": 1.0}
    second = common | {"solver": "ik", "md": 4.0, "cpu": 3.0, "identity": 0.1, "outside": 2.0}
    rows = landmarks.bars([first, second]).rows
    assert [row[2:] for row in rows] == [
        ["MD", "0.5", "0.400", "yes"],
        ["CPU seconds", "0.1", "0.150", "no"],
        ["identity drift", "1", "1.000", "yes"],
        ["change outside the mask", "1", "2.000", "no"],
    ]


def test_drift_is_compared_where_both_went_as_far():
    common = {"pair": 0, "handles": "5"}
    first = common | {"solver": "adam", "md": 10.0, "cpu": 20.0, "identity": 0.1}
    far = common | {"solver": "ik", "md": 4.0, "cpu": 1.0, "identity": 0.2}
    near = common | {"solver": "ik, as far as the first", "md": 10.0, "cpu": 1.0, "identity": 0.05}
    rows = landmarks.bars([first, far, near]).rows
    assert [row[1:3] + row[4:] for row in rows] == [
        ["ik", "MD", "0.400", "yes"],
        ["ik", "CPU seconds", "0.050", "yes"],
        ["ik", "identity drift", "2.000", "no"],
        ["ik, as far as the first", "identity drift", "0.500", "yes"],
    ]


def test_as_far_as_the_first_is_to_where_its_handles_ended(options):
    suite = landmarks.SUITE.cases(replace(options, solvers=("adam:max_iterations=1", "ik"), handles=("5",)))
    first, far, near = suite[0].measure()
    assert near["trace"][0] < 0.25 * far["trace"][0]  # one iteration of adam is next to nothing
    assert near["md_before"] == far["md_before"] == first["md_before"]


def test_strips_go_from_the_start_over_the_solvers_to_the_target(dragged):
    strips = landmarks.SUITE.strips(dragged)
    assert [strip.title for strip in strips] == ["handles: 1; pair 0", "handles: 5, mask; pair 0"]
    captions = [caption for caption, _ in strips[0].pictures]
    assert (captions[0], len(captions)) == ("start", 5)
    assert captions[-1].startswith("target")


def test_error_over_iterations_starts_with_the_first_iterate(dragged):
    plot = landmarks.SUITE.plots(dragged)[0]
    assert [series.x for series in plot.series] == [[1, 2, 3]] * 2
    assert plot.series[0].y[0] == plot.series[1].y[0]


def test_an_unknown_number_of_handles_is_refused(options):
    case = landmarks.SUITE.cases(Options(character=options.character, handles=("7",), pairs=1))[0]
    with pytest.raises(SolveError) as error:
        case.measure()
    assert str(error.value) == 'handles "7": only 1, 5 and all, each perhaps with +mask, are known'


def test_solvers_are_read_with_their_settings():
    settings = parse_solver("ik:metric=identity:ik.pull=0.1:max_iterations=7")
    assert settings == DragSettings("ik", metric="identity", max_iterations=7, ik=IKSettings(pull=0.1))
    assert solver_name("ik") == "ik"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ik:fast", 'solver "ik:fast": "fast" is not name=value'),
        ("ik:speed=9", 'solver "ik:speed=9": there is no setting speed'),
        ("ik:ik.speed=9", 'solver "ik:ik.speed=9": there is no setting ik.speed'),
        ("adam:layers=0", "solver.layers: 0 is below the least allowed, 1"),
    ],
)
def test_a_wrong_solver_is_told_so(text, told):
    with pytest.raises(SolveError) as error:
        parse_solver(text)
    assert str(error.value) == told


def test_only_the_cast_can_be_measured(tmp_path):
    from previz.generator import save_generator
    from tests.animate.characters import make_generator

    path = tmp_path / "other.safetensors"
    save_generator(make_generator(), path)
    with pytest.raises(CastError) as error:
        load_ground(Options(character=str(path)))
    assert str(error.value) == (
        f"{path}: only characters of the cast can be measured, whose landmarks a network knows; "
        "try --character mira"
    )


def test_an_edit_is_nearer_to_the_target_than_another_picture_and_equal_to_itself(options):
    ground = load_ground(options)
    edit = reconstruction.performance_edit(ground, ground.pairs[0])
    start, truth = ground.picture(edit.w), ground.picture(edit.target)
    same, other = (reconstruction.compare(ground, edit, one, truth) for one in (truth, start))
    assert same == {"mse": 0.0, "mse_face": 0.0, "perceptual": 0.0}
    assert min(other.values()) > 0


def test_reconstruction_compares_all_solvers_with_the_first_and_shows_no_edit_at_all(options):
    records = [record for case in reconstruction.SUITE.cases(options)[:1] for record in case.measure()]
    assert [record["solver"] for record in records] == ["start", *SOLVERS]
    performance, both = reconstruction.SUITE.tables(records)
    assert (performance.title, both.title) == ("Edits of performance", "Both kinds of edits")
    assert [row[3] == "" for row in performance.rows] == [False, True, False]
    assert len(reconstruction.SUITE.strips(records)[0].pictures) == 4


def test_a_direction_moves_one_factor_by_its_standard_deviation(options):
    ground = load_ground(options)
    edit = reconstruction.direction_edit(ground, ground.pairs[1], 1)
    vector = reconstruction.direction_vector(ground, "yaw")
    assert torch.allclose(edit.target - edit.w, 1.5 * vector.expand_as(edit.w), atol=1e-5)


def test_every_tracker_starts_at_the_exact_places_and_is_measured(options):
    records = tracking.SUITE.cases(options)[0].measure()
    assert [record["tracker"] for record in records] == [*tracking.TRACKERS, tracking.FLOOR]
    for record in records[:-1]:
        assert record["over_time"][0] < 1e-4
        assert len(record["over_time"]) == 25
    (table,) = tracking.SUITE.tables(records)
    assert all(len(row) == len(table.heads) for row in table.rows)


def test_a_still_path_is_tracked_without_error(options):
    ground = load_ground(options)
    path = tracking.load_paths(Path(tracking.HERE) / "paths_mira.npz")[0]
    still = tracking.LatentPath(path.z[[0, 0, 0]], path.landmarks, path.visible, path.names)
    points = torch.tensor([[20.0, 30.0], [41.3, 27.8]])
    walk = tracking.make_walk(ground, still, points)
    for name, tracker in tracking.TRACKERS.items():
        places, _ = tracker(walk)
        # The paper's tracker knows whole pixels from where it stands: it stays.
        assert abs(places[-1] - points.numpy()).max() < 0.05, name


def test_a_timeline_is_measured_with_another_solver(tmp_path, options):
    keys = {1001: {"by": [0, 0]}, 1003: {"by": [2, 0]}, 1005: {"by": [0, 0]}}
    content = {
        "previz": 1,
        "frames": "1001-1005",
        "character": {"checkpoint": options.character, "seed": 1},
        "handles": {"nose": {"at": [32, 32], "keys": keys}},
        "solver": {"method": "adam", "max_iterations": 3, "smooth": 3},
    }
    path = tmp_path / "shot.yaml"
    path.write_text(yaml.safe_dump(content))
    chosen = Options(character=options.character, timelines=(path,), solvers=("ik:ik.pull=0.2:layers=3",))
    (case,) = animation.SUITE.cases(chosen)
    assert case.name == "shot, ik:layers=3"
    (record,) = case.measure()
    assert record["frames"] == 5
    assert record["closure"] >= 0
    assert record["warp"] >= 0
    each, means = animation.SUITE.tables([record])
    assert [len(row) for row in each.rows + means.rows] == [len(each.heads), len(means.heads)]
    assert animation.SUITE.plots([record])[0].series[0].name == "ik (layers 3)"


def test_a_leg_of_the_speed_suite_counts_the_same_operations_each_time(tmp_path):
    character = str(small_character(tmp_path, 128))
    legs = {
        way: run_leg(Leg(way, character, 2, False, 1, "cpu", 1)) for way in ("reference", "adam", "ik, fresh")
    }
    again = run_leg(Leg("adam", character, 2, False, 1, "cpu", 1))
    assert again["gflop"] == legs["adam"]["gflop"] > 0
    assert legs["reference"]["gflop"] > legs["adam"]["gflop"]
    assert all(leg["iteration"] > 0 and leg["frame"] >= leg["iteration"] for leg in legs.values())
    (table,) = speed.SUITE.tables([leg | {"handles": speed.FEW} for leg in legs.values()])
    assert [row[4] for row in table.rows] == ["reference", "adam", "ik, fresh"]
    assert table.rows[0][6] == "1.0"
