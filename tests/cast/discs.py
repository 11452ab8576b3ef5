"""A dataset that a small generator can learn in seconds, and the settings for it."""

import json
from pathlib import Path

import numpy as np

from previz.cast import TrainSettings

SETTINGS = TrainSettings(
    images=96,
    phases=((0.5, 16, 4), (0.5, 32, 4), (0.5, 64, 4)),
    channels={4: 8, 8: 8, 16: 8, 32: 8},
    w_dim=8,
    mapping_layers=2,
)
NAMES = ["pupil_L", "nose_tip", "mouth_corner_R"]
SIZE = 32


def write_dataset(folder: Path, count: int = 560, done: int | None = None) -> Path:
    """Discs whose place is the code: enough for a generator to learn something in a few steps."""
    folder.mkdir()
    rng = np.random.default_rng(5)
    codes = rng.standard_normal((count, 2)).astype("<f4")
    places = 16 + 8 * codes / np.sqrt((codes**2).mean(axis=1, keepdims=True))
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    distance = np.hypot(x - places[:, 0, None, None], y - places[:, 1, None, None])
    pictures = np.repeat((255 * (distance < 5))[..., None], 3, axis=3).astype("u1")
    landmarks = np.repeat(places[:, None], len(NAMES), axis=1).astype("<f4")
    for name, array in (("images.u8", pictures), ("z.f4", codes), ("landmarks.f4", landmarks)):
        array.tofile(folder / name)
    meta = {"count": count, "size": SIZE, "z_names": ["x", "y"], "landmarks": NAMES, "held_out": 512}
    (folder / "meta.json").write_text(json.dumps(meta))
    (folder / "done_0of1.json").write_text(json.dumps({"done": count if done is None else done}))
    return folder
