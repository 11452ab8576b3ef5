"""Make the pictures of the documentation from the sample timelines: `python docs/make_images.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import previz

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SHOTS = ("smile", "jaw_drop", "head_turn", "squash")
COLUMNS = 6
SIZE = 224


def main() -> None:
    """Solve each sample (what is solved already is taken from renders/), and lay out its frames."""
    everything = []
    for shot in SHOTS:
        timeline = previz.load_timeline(ROOT / "timelines" / f"{shot}.yaml")
        generator = previz.load_generator(timeline.checkpoint)
        take = previz.solve(timeline, generator, resume=ROOT / "renders" / f"{shot}.take.safetensors")
        index = np.linspace(0, len(take) - 1, COLUMNS + 1).round().astype(int)[:-1]
        pictures = list(previz.decode(take, generator))
        chosen = [previz.resize(pictures[i], SIZE) for i in index]
        everything += chosen
        scale = SIZE / take.width
        marked = [
            previz.draw_overlay(picture, take.handles[i] * scale, take.targets[i] * scale)
            for picture, i in zip(chosen, index, strict=True)
        ]
        labels = [str(take.frames[i]) for i in index]
        sheet = previz.contact_sheet(marked, columns=COLUMNS, labels=labels)
        previz.write_png(sheet, IMAGES / f"{shot}.png", force=True)
    previz.write_png(previz.contact_sheet(everything, columns=COLUMNS), IMAGES / "samples.png", force=True)


if __name__ == "__main__":
    main()
