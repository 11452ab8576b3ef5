"""The page of all fields is made from the schema, and kept with it."""

import importlib.util
from pathlib import Path

import previz

DOCS = Path(__file__).resolve().parent.parent / "docs"


def make_reference():
    specification = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_is_that_of_the_schema():
    page = make_reference().reference(previz.timeline_schema())
    kept = (DOCS / "reference.md").read_text(encoding="utf-8")
    assert kept == page, "run `python docs/make_reference.py`"


def test_every_field_says_what_it_is():
    tables = [line.split(" | ") for line in (DOCS / "reference.md").read_text(encoding="utf-8").splitlines()]
    rows = [cells for cells in tables if len(cells) == 4 and cells[0].startswith("| `")]
    assert len(rows) > 60
    assert [cells[0] for cells in rows if not cells[3].rstrip(" |")] == []
