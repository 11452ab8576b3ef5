"""The 54 named landmarks of the cast: vertices of the hm08 base mesh, found once on its template.

`_L` is the character's left (the viewer's right). A pupil is no vertex but the front pole of the eyeball, so
its entry names a vertex of that eyeball.
"""

from __future__ import annotations

__all__ = ["LANDMARKS", "PUPILS"]

LANDMARKS: dict[str, int] = {
    "pupil_L": 14598, "lid_up_L": 6789, "lid_low_L": 6828, "eye_in_L": 6856, "eye_out_L": 6807,
    "brow_in_L": 7001, "brow_mid_L": 6997, "brow_out_L": 6999, "ala_L": 11673, "cheek_L": 11909,
    "jaw_L": 7459, "jawmid_L": 7619, "temple_L": 7034, "ear_top_L": 12012, "ear_lobe_L": 12329,
    "mouth_corner_L": 10403, "lip_up_L": 7212, "lip_low_L": 7238, "shoulder_L": 8079, "neck_L": 7489,
    "pupil_R": 14670, "lid_up_R": 5, "lid_low_R": 44, "eye_in_R": 72, "eye_out_R": 23,
    "brow_in_R": 228, "brow_mid_R": 223, "brow_out_R": 225, "ala_R": 5056, "cheek_R": 5304,
    "jaw_R": 739, "jawmid_R": 917, "temple_R": 265, "ear_top_R": 5413, "ear_lobe_R": 5732,
    "mouth_corner_R": 3735, "lip_up_R": 452, "lip_low_R": 483, "shoulder_R": 1387, "neck_R": 770,
    "lip_up_out": 455, "lip_low_out": 492, "lip_up_in": 474, "lip_low_in": 523, "nose_tip": 297,
    "nose_bridge": 133, "nose_mid": 5063, "nose_base": 316, "glabella": 227, "forehead": 251,
    "chin": 5162, "chin_low": 747, "throat": 787, "hairline": 5554,
}  # fmt: skip

PUPILS = ("pupil_L", "pupil_R")
