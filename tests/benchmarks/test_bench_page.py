from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from benchmarks._page import to_html
from benchmarks._plots import Axis, plot_svg
from benchmarks._run import QUICK_NOTE, Results, Section, to_dict, to_markdown
from benchmarks._suite import Plot, Series, Strip, Suite, Table

ABOUT = {
    "character": "mira <3",
    "digest": "abc",
    "quick": False,
    "commit": "123",
    "machine": {"device": "cpu", "processor": "A & B", "threads": 1, "torch": "2.9"},
    "date": "2026-01-02T03:04:05+00:00",
}
PIXEL = "/9j/AAAA"
VOID = {"meta", "img"}


class Page(HTMLParser):
    """What a browser would see: elements in balance, their attributes, the text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def results(quick: bool = False) -> Results:
    suite = Suite("landmarks", "Drags & <b>more</b>.\n\nHow it is done.", lambda _: [], lambda _: [])
    section = Section(
        suite,
        [{"md": 1.0, "picture": PIXEL, "strip": {"start": PIXEL}}],
        [Table("5 handles", ("solver", "MD | px"), [("adam <script>", "1"), ("ik", "2|3")], "Few pairs.")],
        [Plot("Error", "iterations", "px", [Series("a<b", [1, 2], [3, 1]), Series("ik", [1, 2], [2, 1])])],
        [Strip("pair 0", [("start", PIXEL), ("target", PIXEL)])],
    )
    empty = Section(Suite("speed", "Speed.", lambda _: [], lambda _: []), [], [], [], [])
    return Results(ABOUT | {"quick": quick}, [section, empty])


def test_the_page_holds_tables_plots_and_pictures_in_well_formed_html():
    page = Page(to_html(results()))
    assert page.open == []
    assert [page.count(tag) for tag in ("table", "tr", "img", "details")] == [1, 3, 2, 2]
    assert page.count("svg") == 1 + 2  # the plot, and a line for each name in its legend
    for told in (
        "adam <script>",
        "a<b",
        "Few pairs.",
        "Drags & <b>more</b>",
        "Nothing was measured.",
        "start",
    ):
        assert told in page.text


def test_text_is_escaped():
    text = to_html(results())
    assert "<script" not in text
    assert "<b>more" not in text
    assert "mira &lt;3" in text


def test_the_page_loads_nothing():
    page = Page(to_html(results()))
    assert page.count("script") == page.count("link") == page.count("iframe") == 0
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/jpeg;base64,"))
    assert "http" not in to_html(results())
    assert "url(" not in to_html(results())


def test_the_page_suits_light_and_dark():
    text = to_html(results())
    assert "prefers-color-scheme: dark" in text
    assert "color-scheme: light dark" in text


@pytest.mark.parametrize("quick", [True, False])
def test_a_quick_run_says_that_it_is_too_little(quick):
    assert (QUICK_NOTE in Page(to_html(results(quick))).text) is quick
    assert (QUICK_NOTE in to_markdown(results(quick))) is quick


def test_markdown_has_a_table_whose_bars_are_escaped():
    lines = to_markdown(results()).splitlines()
    start = lines.index("| solver | MD \\| px |")
    assert lines[start + 1 : start + 4] == ["|---|---|", "| adam <script> | 1 |", "| ik | 2\\|3 |"]
    assert lines[0] == "mira <3 (abc), A & B, 1 thread, torch 2.9, commit 123, 2026-01-02."


def test_json_has_all_records_without_their_pictures():
    assert to_dict(results())["suites"] == {"landmarks": [{"md": 1.0}], "speed": []}
    assert to_dict(results())["machine"]["torch"] == "2.9"


def test_a_plot_draws_each_series_and_skips_what_a_logarithm_lacks():
    plot = Plot(
        "t", "x", "y", [Series("a", [0, 1, 10], [5, 0, 1]), Series("b", [1, 100], [None, 2])], True, True
    )
    root = ElementTree.fromstring(plot_svg(plot))
    paths = [path.get("d") for path in root.iter("path") if path.get("class") in ("s0", "s1")]
    assert len(paths) == 2
    assert all(path.count(",") == 1 for path in paths)


def test_a_plot_of_nothing_is_empty():
    assert plot_svg(Plot("t", "x", "y", [Series("a", [0], [1])], log_x=True)) == ""


def test_the_ends_of_an_axis_are_where_they_should_be():
    axis = Axis([1.0, 1000.0], True, 0, 300)
    assert [axis.place(value) for value in (1, 10, 1000)] == pytest.approx([0, 100, 300])
    assert axis.ticks() == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
