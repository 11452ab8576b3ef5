import subprocess
import sys
import types
import typing
from pathlib import Path

import pytest

import previz

PROMISED = [
    "load_generator",
    "load_timeline",
    "solve",
    "decode",
    "write_video",
    "Take",
    "Timeline",
    "Generator",
    "PrevizError",
    "save_generator",
    "__version__",
]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", previz.__all__)
def test_every_public_name_is_there(name):
    assert getattr(previz, name) is not None


@pytest.mark.parametrize("name", PROMISED)
def test_the_names_that_the_guide_uses_are_public(name):
    assert name in previz.__all__


def test_importing_previz_loads_neither_torch_nor_a_codec():
    code = "import sys, previz; print([m for m in ('torch', 'av', 'numpy', 'pydantic') if m in sys.modules])"
    assert run(code) == "[]\n"


def test_reading_a_timeline_or_a_take_does_not_need_a_codec():
    code = "import sys, previz; previz.load_timeline, previz.Take; print('av' in sys.modules)"
    assert run(code) == "False\n"


def test_a_type_checker_sees_what_is_imported_late():
    source = Path(previz.__file__).read_text(encoding="utf-8")
    seen = source[source.index("if TYPE_CHECKING:") : source.index("__version__ =")]
    listed = {
        word.strip(" ,()") for line in seen.splitlines() for word in line.split("import")[-1].split(",")
    }
    assert set(previz.__all__) - {"__version__"} <= listed


def test_all_names_are_listed_before_they_are_used():
    assert set(previz.__all__) <= set(dir(previz))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError) as error:
        previz.nothing  # noqa: B018
    assert str(error.value) == "module 'previz' has no attribute 'nothing'"


FUNCTIONS = [name for name in previz.__all__ if isinstance(getattr(previz, name), types.FunctionType)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_are_typed_and_documented(name):
    function = getattr(previz, name)
    assert function.__doc__
    assert function.__module__.startswith("previz.")
    assert "return" in typing.get_type_hints(function)


@pytest.mark.parametrize(
    "name", ["load_generator", "load_timeline", "solve", "decode", "write_video", "save_generator"]
)
def test_the_main_functions_show_an_example(name):
    assert f"{name}(" in getattr(previz, name).__doc__


def test_the_package_says_that_it_is_typed():
    from importlib.resources import files

    assert files("previz").joinpath("py.typed").is_file()
