"""Solve the bundled motions on Mira, and write docs/cookbook.md with their sheets.

    python docs/make_cookbook.py

What is solved already is taken from renders/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

import previz

ROOT = Path(__file__).resolve().parent.parent
MOTIONS = ROOT / "timelines" / "motions"
PAGE = ROOT / "docs" / "cookbook.md"
IMAGES = ROOT / "docs" / "images"
FRAMES = 32
COLUMNS = 6
SIZE = 208
HEAD = """\
# Ten motions

Each of these is a file in `timelines/motions`, a performance with parameters that any timeline may use:

```yaml
previz: 1
shot: sq010_sh030
frames: 1001-1048
canvas: 256
character: {checkpoint: mira, seed: 9}
motions:
  - use: motions/nod.yaml
    with: {start: 1006, amount: 12}
```

The defaults fit Mira's seed 9 at 256 px. For another character or seed give the places of the points, which
`previz pick mira --seed 7` shows. Several motions add up: where two of them move the same point, `rename`
puts them on one handle. The rows below were solved by latent IK, red where a handle is and blue where it
should be. Made by `python docs/make_cookbook.py`.

"""


def shot(name: str) -> previz.Timeline:
    """The timeline that shows one motion with its defaults."""
    data: dict[str, Any] = {
        "previz": 1,
        "shot": f"cookbook_{name}",
        "frames": f"1001-{1000 + FRAMES}",
        "canvas": 256,
        "character": {"checkpoint": "mira", "seed": 9},
        "motions": [{"use": f"motions/{name}.yaml"}],
    }
    return previz.parse_timeline(data)


def section(name: str, take: previz.Take) -> str:
    """What the page says of a motion."""
    motion = yaml.safe_load((MOTIONS / f"{name}.yaml").read_text(encoding="utf-8"))
    summary = take.summary()
    figures = (
        f"error mean {summary.error_mean:.2f} px, max {summary.error_max:.2f} px; "
        f"{summary.within_tolerance:.0%} of the frames within {summary.tolerance:g} px"
    )
    lines = [
        f"## {name}",
        "",
        motion["description"],
        "",
        f"![frames of {name}](images/cookbook_{name}.png)",
        "",
        f"`use: motions/{name}.yaml` — {figures}.",
        "",
        "| parameter | default | |",
        "|---|---|---|",
    ]
    for parameter, what in motion["parameters"].items():
        unit = f" {what['unit']}" if what.get("unit") else ""
        lines.append(f"| `{parameter}` | {what['default']}{unit} | {what.get('description', '')} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Solve, lay out, write."""
    generator = previz.load_generator("mira")
    parts = []
    for path in sorted(MOTIONS.glob("*.yaml")):
        name = path.stem
        timeline = shot(name)
        take = previz.solve(
            timeline, generator, resume=ROOT / "renders" / f"cookbook_{name}.take.safetensors"
        )
        pictures = list(previz.decode(take, generator))
        chosen = np.linspace(0, FRAMES - 1, COLUMNS + 1).round().astype(int)[:-1]
        scale = SIZE / take.width
        marked = [
            previz.draw_overlay(
                previz.resize(pictures[i], SIZE), take.handles[i] * scale, take.targets[i] * scale
            )
            for i in chosen
        ]
        labels = [str(take.frames[i]) for i in chosen]
        sheet = previz.contact_sheet(marked, columns=COLUMNS, labels=labels)
        previz.write_png(sheet, IMAGES / f"cookbook_{name}.png", force=True)
        parts.append(section(name, take))
    PAGE.write_text(HEAD + "\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
