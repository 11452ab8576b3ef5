import pickle

import pytest

from previz import errors
from previz.errors import PrevizError, Problem, TimelineError


def test_a_problem_reads_as_place_field_and_message():
    problem = Problem("timelines/x.yaml:14:9", "handles.jaw.keys", "frame 1060 is after the last frame, 1048")
    assert str(problem) == "timelines/x.yaml:14:9: handles.jaw.keys: frame 1060 is after the last frame, 1048"


def test_a_problem_leaves_out_what_it_does_not_know():
    assert str(Problem("", "", "the file is empty")) == "the file is empty"


def test_a_warning_says_so():
    assert str(Problem("x.yaml:1:1", "mask", "too soft", "warning")) == "x.yaml:1:1: mask: warning: too soft"


def test_a_timeline_error_lists_one_problem_a_line():
    error = TimelineError([Problem("a:1:1", "fps", "too low"), Problem("a:2:1", "mask", "too small")])
    assert str(error) == "a:1:1: fps: too low\na:2:1: mask: too small"


def test_a_timeline_error_keeps_its_problems_through_a_pickle():
    error = TimelineError([Problem("a:1:1", "fps", "too low")])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error")])
def test_every_error_is_the_users_and_exits_with_2(name):
    kind = getattr(errors, name)
    assert issubclass(kind, PrevizError)
    assert kind.exit_code == 2
