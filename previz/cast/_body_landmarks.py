"""The 49 named landmarks of a full figure: vertices of the skin of hm08, found once on its template.

`_L` is the character's left. A joint has no surface of its own, so its landmark is the point of the skin
that stands before it or at its outside: the kneecap, the outside of the elbow, the head of the ankle. Where
clothes cover such a point, the landmark is the nearest point of the clothes; the top of the head is that of
the hair. Pupils are as in `LANDMARKS`.
"""

from __future__ import annotations

__all__ = ["BODY_LANDMARKS", "FACE_LANDMARKS"]

FACE_LANDMARKS: dict[str, int] = {
    "pupil_L": 14598, "pupil_R": 14670, "mouth_corner_L": 10403, "mouth_corner_R": 3735,
    "ear_lobe_L": 12329, "ear_lobe_R": 5732, "nose_tip": 297, "chin": 5162, "forehead": 251, "head_top": 882,
}  # fmt: skip

BODY_LANDMARKS: dict[str, int] = FACE_LANDMARKS | {
    "shoulder_L": 8140, "elbow_L": 10070, "wrist_L": 10548, "hand_L": 10339, "fingertip_L": 8811,
    "thumb_L": 9416, "armpit_L": 8124, "chest_L": 8530, "waist_L": 10781, "hip_L": 10928, "thigh_L": 13350,
    "knee_L": 11242, "shin_L": 11383, "ankle_L": 12985, "heel_L": 12912, "toe_L": 11566,
    "foot_out_L": 12791, "shoulder_R": 1452, "elbow_R": 3402, "wrist_R": 3883, "hand_R": 3671,
    "fingertip_R": 2143, "thumb_R": 2748, "armpit_R": 1436, "chest_R": 1858, "waist_R": 4138, "hip_R": 4298,
    "thigh_R": 6754, "knee_R": 4624, "shin_R": 4765, "ankle_R": 6388, "heel_R": 6315, "toe_R": 4948,
    "foot_out_R": 6194, "throat": 787, "sternum": 1890, "navel": 4110, "pelvis": 4335,
    "chin_low": 747,
}  # fmt: skip
