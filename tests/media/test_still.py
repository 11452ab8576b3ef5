"""One picture out of what may be a clip, an animated picture or numbered pictures."""

from fractions import Fraction

import numpy as np
import pytest

from previz.errors import MediaError
from previz.media import read_still, write_animation, write_sequence, write_video

RATE = Fraction(24)


def greys(count: int) -> list[np.ndarray]:
    """Frames whose grey is ten times their index."""
    return [np.full((16, 16, 3), 10 * index, np.uint8) for index in range(count)]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.gif", "a.webp", "a.####.png"])
@pytest.mark.parametrize(("part", "index"), [(0.0, 0), (0.5, 10), (1.0, 20)])
def test_picture_at_a_part_of_the_length(tmp_path, name, part, index):
    path = tmp_path / name
    if "#" in name:
        write_sequence(greys(21), path, range(1001, 1022))
    elif name.endswith((".gif", ".webp")):
        write_animation(greys(21), path, RATE)
    else:
        write_video(greys(21), path, RATE)
    picture = read_still(path, part)
    assert picture.shape == (16, 16, 3)
    assert abs(int(picture.mean()) - 10 * index) <= 4


def test_of_what_is_no_clip_it_says_so(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("no clip")
    with pytest.raises(MediaError) as error:
        read_still(path)
    assert str(error.value) == f"{path}: can't be read as video: Invalid data found when processing input"
