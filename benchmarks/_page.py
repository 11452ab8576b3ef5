"""The report of a run: one HTML file that holds all it shows and loads nothing."""

from __future__ import annotations

from html import escape

from benchmarks._plots import COLOURS, STYLE, plot_svg
from benchmarks._run import QUICK_NOTE, Results, Section, describe
from benchmarks._suite import Plot, Strip, Table

__all__ = ["to_html"]

LIGHT = ("#0b63c5", "#d1481f", "#1d8a4c", "#8a3fb3", "#a87400", "#00838f", "#c2185b", "#5d6470")
DARK = ("#6cb2ff", "#ff8f66", "#5fd693", "#cf97f2", "#eac05a", "#4fd0dc", "#ff7fab", "#a9b1bd")
PAGE_STYLE = """
:root { --ground: #fff; --text: #1c1d20; --faint: #b9bdc6; --panel: #f3f4f6; color-scheme: light dark; }
body { background: var(--ground); color: var(--text); margin: 2rem auto; max-width: 76rem; padding: 0 1rem;
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { margin-top: 3rem; font-size: 1.3rem; } h3 { font-size: 1.05rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--faint); padding: 0.25rem 0.6rem; text-align: right;
  white-space: nowrap; }
th { vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child { text-align: left; }
pre { background: var(--panel); padding: 0.8rem; white-space: pre-wrap; font-size: 13px; }
.warning { border-left: 4px solid #d1481f; padding: 0.3rem 0.8rem; background: var(--panel); }
.plots { display: flex; margin-top: 1.5rem; flex-wrap: wrap; gap: 1.5rem; }
.plots figure { margin: 0; flex: 1 1 30rem; max-width: 37rem; }
.plots figcaption { font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; font-size: 12px; font-weight: 400; }
.legend svg { width: 24px; height: 8px; vertical-align: middle; margin-right: 0.3rem; }
.legend path { stroke-width: 2.5; }
.strip { display: flex; flex-wrap: wrap; gap: 0.6rem; }
.strip figure { margin: 0; width: 224px; }
.strip img { width: 100%; display: block; }
.strip figcaption { font-size: 12px; }
"""


def to_html(results: Results) -> str:
    """The whole page."""
    about = results.about
    warning = f'<p class="warning">{escape(QUICK_NOTE)}</p>' if about["quick"] else ""
    names = [section.suite.name for section in results.sections]
    links = " · ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in names)
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>previz bench: {escape(about['character'])}</title>",
            f"<style>{_style()}</style>\n</head>\n<body>",
            f"<h1>previz bench: {escape(about['character'])}</h1>",
            f"<p>{escape(describe(about))}</p>{warning}<p>{links}</p>",
            *(_section(section) for section in results.sections),
            "</body>\n</html>\n",
        ]
    )


def _style() -> str:
    """Colours of the page and of the lines, for light and for dark."""
    dark = ":root { --ground: #17181b; --text: #e4e5e8; --faint: #4a4d55; --panel: #222429; }"
    light_lines, dark_lines = (
        "\n".join(f".s{index} {{ stroke: {colour}; }}" for index, colour in enumerate(colours[:COLOURS]))
        for colours in (LIGHT, DARK)
    )
    return (
        f"{PAGE_STYLE}{STYLE}{light_lines}\n@media (prefers-color-scheme: dark) {{\n{dark}\n{dark_lines}\n}}"
    )


def _section(section: Section) -> str:
    """One suite: its tables, plots and pictures, and how it was measured."""
    suite = section.suite
    head, _, method = suite.method.strip().partition("\n")
    parts = [f'<h2 id="{escape(suite.name)}">{escape(head.rstrip("."))}</h2>']
    if not section.records:
        parts.append("<p>Nothing was measured.</p>")
    parts += [_table(table) for table in section.tables]
    if section.plots:
        parts.append(f'<div class="plots">{"".join(map(_plot, section.plots))}</div>')
    parts += [_strip(strip) for strip in section.strips]
    parts.append(f"<details><summary>Method</summary><pre>{escape(method.strip())}</pre></details>")
    return "\n".join(parts)


def _table(table: Table) -> str:
    heads = "".join(f"<th>{escape(head)}</th>" for head in table.heads)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    return (
        f'<h3>{escape(table.title)}</h3><div class="scroll"><table><thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>{note}"
    )


def _plot(plot: Plot) -> str:
    drawn = plot_svg(plot)
    if not drawn:
        return ""
    lines = [
        f'<svg viewBox="0 0 24 8"><path class="s{k % COLOURS}" d="M0,4 H24"/></svg>' for k in range(COLOURS)
    ]
    names = [f"<span>{lines[k % COLOURS]}{escape(one.name)}</span>" for k, one in enumerate(plot.series)]
    caption = f'{escape(plot.title)}<div class="legend">{"".join(names)}</div>'
    return f"<figure><figcaption>{caption}</figcaption>{drawn}</figure>"


def _strip(strip: Strip) -> str:
    pictures = "".join(
        f'<figure><img alt="{escape(caption)}" src="data:image/jpeg;base64,{escape(data)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, data in strip.pictures
    )
    return f'<h3>{escape(strip.title)}</h3><div class="strip">{pictures}</div>'
