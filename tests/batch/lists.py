"""Small shot lists in a folder of their own: a generator of 32 px, timelines of three frames."""

from pathlib import Path

import torch
import yaml

from previz import save_generator
from tests.animate.characters import make_generator

TIMELINE = """\
previz: 1
frames: 1001-1003
character: {checkpoint: tiny.safetensors, seed: 3, truncation: 1.0}
handles:
  jaw: {at: [12, 16], keys: {1001: {by: [0, 0]}, 1003: {by: [0, 3]}}}
  nose: {at: [22, 16], pin: true}
solver: {method: adam, learning_rate: 0.02, max_iterations: 4, tolerance: 0.1}
output: {video: clip.mkv, codec: ffv1}
"""


def make_folder(folder: Path, timeline: str = TIMELINE, seed: int = 0) -> Path:
    """A folder with a generator, of random weights by this seed, and a timeline, nod.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    save_generator(make_generator(seed), folder / "tiny.safetensors", {"name": "tiny"}, dtype=torch.float32)
    (folder / "nod.yaml").write_text(timeline)
    return folder


def make_list(folder: Path, shots: dict | None = None, **fields: object) -> Path:
    """A list in the folder, by default of one shot, sh010."""
    shots = {"sh010": {"timeline": "nod.yaml"}} if shots is None else shots
    path = folder / "shots.yaml"
    path.write_text(yaml.safe_dump({"previz": 1, "output": str(folder / "out"), **fields, "shots": shots}))
    return path
