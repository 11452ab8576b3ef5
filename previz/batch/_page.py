"""index.html of a list: one file that needs no network, and no script to be read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

_PLAYED = (".mp4", ".m4v", ".webm", ".mov")  # what browsers may play
_SHOWN = (".gif", ".webp", ".png", ".apng")
_STATUSES = ("done", "running", "waiting", "blocked", "failed")
_SORTS = (
    ("position up", "as listed"),
    ("name up", "name"),
    ("error down", "largest error"),
    ("jitter down", "largest jitter"),
    ("seconds down", "longest work"),
    ("finished down", "latest"),
)
_FILES = {
    "clip": "clip",
    "sheet": "sheet",
    "take": "take",
    "report": "report",
    "otio": ".otio",
    "last": "last latent",
    "log": "log",
}


def page(
    report: Mapping[str, Any], stills: Mapping[str, str], links: Mapping[str, Mapping[str, str]], otio: str
) -> str:
    """The page of a list's report.

    `stills` are data: URIs by shot, `links` URLs of each shot's files by their names in the report, `otio`
    the edit's file. Whatever people have written is escaped.
    """
    folder = files("previz.batch") / "web"
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("index.css", "index.js"))
    name = " ".join(part for part in (report["show"], report["sequence"]) if part) or report["list"]
    cards = (
        _card(index, shot, stills.get(shot["id"]), links.get(shot["id"], {}))
        for index, shot in enumerate(report["shots"])
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="previz {escape(report["previz"])}">
<title>{escape(name)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<h1>{escape(name)}</h1>
{_facts(report, otio)}
{_tools(report)}
<main>
{"".join(cards)}</main>
<footer>Written {_when(report["written"])} by previz {escape(report["previz"])}.
Errors and jitter are in pixels of the generator's image.</footer>
<div id="theatre" hidden><p></p><video controls></video><button type="button">close</button></div>
<script>
{script}</script>
</body>
</html>
"""


def _facts(report: Mapping[str, Any], otio: str) -> str:
    counts = report["counts"]
    told = "".join(f'<span class="{name}">{counts[name]} {name}</span>' for name in _STATUSES if counts[name])
    return (
        f'<p class="counts"><span>{counts["shots"]} shots</span>{told}</p>\n'
        f'<p class="facts">{report["frames"]} frames, {_clock(report["seconds"])} of work, from '
        f"{escape(report['source'])} · "
        f'<a href="{escape(quote(otio))}">{escape(otio)}</a> · <a href="report.json">report.json</a></p>'
    )


def _tools(report: Mapping[str, Any]) -> str:
    """What chooses and sorts, hidden until the script is at work."""
    shots = report["shots"]
    present = [name for name in _STATUSES if report["counts"][name]]
    tags = sorted({tag for shot in shots for tag in shot["tags"]})
    return (
        '<div class="tools" id="tools" hidden>\n'
        '<input id="text" type="search" placeholder="name, error, host …" aria-label="Text to look for">\n'
        f"{_select('status', 'Status', [('', 'any status'), *((name, name) for name in present)])}\n"
        f"{_select('tag', 'Tag', [('', 'any tag'), *((tag, tag) for tag in tags)])}\n"
        f"{_select('sort', 'Order', _SORTS)}\n"
        '<button id="play" type="button">play all</button>\n'
        '<span id="count"></span>\n'
        "</div>"
    )


def _select(name: str, label: str, options: Iterable[tuple[str, str]]) -> str:
    listed = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options)
    return f'<select id="{name}" aria-label="{label}">{listed}</select>'


def _card(index: int, shot: Mapping[str, Any], still: str | None, links: Mapping[str, str]) -> str:
    summary = shot["summary"] or {}
    data = {
        "position": index,
        "name": shot["id"],
        "status": shot["status"],
        "tags": json.dumps(shot["tags"]),
        "error": _bare(shot["error_px"]),
        "jitter": _bare(summary.get("jitter")),
        "seconds": _bare(shot["seconds"]),
        "finished": _bare(shot["finished"]),
    }
    attributes = " ".join(f'data-{key}="{escape(str(value))}"' for key, value in data.items())
    rows = "".join(f"<dt>{label}</dt><dd>{escape(text)}</dd>" for label, text in _figures(shot, summary))
    tags = "".join(f"<span>{escape(tag)}</span>" for tag in shot["tags"])
    named = [f'<a href="{escape(url)}">{_FILES[name]}</a>' for name, url in links.items() if name in _FILES]
    status = shot["status"] if shot["phase"] is None else shot["phase"]
    return (
        f'<article id="{escape(shot["id"])}" {attributes}>\n'
        f"{_picture(shot, still, links.get('clip'))}\n<div>\n"
        f'<header class="shot"><h2>{escape(shot["id"])}</h2>'
        f'<span class="status {shot["status"]}">{status}</span></header>\n'
        f"{''.join(_errors(shot))}"
        f"<dl>{rows}</dl>\n"
        + (f'<p class="tags">{tags}</p>\n' if tags else "")
        + (
            f'<details><summary>contact sheet</summary><img loading="lazy" alt="contact sheet" '
            f'src="{escape(links["sheet"])}"></details>\n'
            if "sheet" in links
            else ""
        )
        + (f'<p class="files">{"".join(named)}</p>\n' if named else "")
        + "</div>\n</article>\n"
    )


def _picture(shot: Mapping[str, Any], still: str | None, clip: str | None) -> str:
    """A player with the thumbnail before it; the thumbnail alone where browsers don't play the clip."""
    suffix = PurePosixPath(shot["outputs"]["clip"]).suffix.lower()
    done, name = shot["status"] == "done", escape(shot["id"])
    if clip is not None and done and suffix in _PLAYED:
        poster = f' poster="{still}"' if still else ""
        return (
            f'<video class="picture" controls loop preload="none" src="{escape(clip)}"{poster}>'
            f'<a href="{escape(clip)}">{name}</a></video>'
        )
    if clip is not None and done and suffix in _SHOWN and "#" not in shot["outputs"]["clip"]:
        return f'<img class="picture" loading="lazy" src="{escape(clip)}" alt="{name}">'
    if still:
        return f'<img class="picture" src="{still}" alt="{name}">'
    return f'<div class="picture none">{"no picture" if done else escape(shot["status"])}</div>'


def _errors(shot: Mapping[str, Any]) -> Iterable[str]:
    """What went wrong: the shot's error, what it waits for, and hooks."""
    if shot["blocked_by"]:
        yield f'<p class="error">waits for {escape(", ".join(shot["blocked_by"]))}, which failed</p>\n'
    elif shot["error"] and shot["status"] != "done":
        yield f'<p class="error">{escape(shot["error"])}</p>\n'
    for hook in shot["hooks"]:
        if hook["error"]:
            yield f'<p class="error">hook {hook["event"]}: {escape(hook["error"])}</p>\n'


def _figures(shot: Mapping[str, Any], summary: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if summary:
        yield "error", f"max {summary['error_max']:.2f} px, mean {summary['error_mean']:.2f} px"
        yield "within", f"{100 * summary['within_tolerance']:.0f}% of frames, {summary['tolerance']:g} px"
        yield "jitter", "-" if summary["jitter"] is None else f"{summary['jitter']:.3f} px"
    elif shot["error_px"] is not None:
        yield "error", f"{shot['error_px']:.2f} px"
    if summary.get("lost"):
        yield "lost", f"a handle on {summary['lost']} frames"
    if shot["status"] in ("running", "waiting"):
        yield "solved", f"{shot['frames_done']} of {shot['frames_total']} frames"
    yield "frames", f"{shot['frames']} ({shot['frames_in_clip']}) at {shot['rate']} fps"
    seed = "" if shot["seed"] is None else f", seed {shot['seed']}"
    yield "character", f"{PurePosixPath(shot['character']).name}{seed}"
    yield "work", _clock(shot["seconds"]) + (", by an earlier run" if shot["cached"] else "")
    if shot["attempt"]:
        yield "attempts", str(shot["attempt"])
    if shot["host"]:
        yield "by", f"{shot['host']}, {shot['device']}"
    if shot["finished"]:
        yield "ended", _when(shot["finished"])


def _bare(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}" if value < 1e6 else f"{value:.0f}"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
