"""Timelines written for the first form of the format give the samples that they gave then."""

from pathlib import Path

import numpy as np
import pytest

from previz.timeline import parse_timeline, sample_timeline

DATA = Path(__file__).parents[1] / "data" / "samples"
NAMES = ["head_turn", "jaw_drop", "smile", "squash", "all_fields"]

ROUNDING = 1e-10  # pixels: what another processor's sines and powers may differ by


@pytest.mark.parametrize("name", NAMES)
def test_a_timeline_gives_the_samples_that_it_always_gave(name):
    samples = sample_timeline(parse_timeline((DATA / f"{name}.yaml").read_text()), 256, 256)
    with np.load(DATA / "samples.npz") as before:
        np.testing.assert_allclose(samples.targets, before[f"{name}.targets"], rtol=0, atol=ROUNDING)
        np.testing.assert_allclose(samples.start, before[f"{name}.start"], rtol=0, atol=ROUNDING)
        masked = f"{name}.mask" in before
        assert (samples.masks is not None) == masked
        if masked:
            coarse = samples.masks[0][4::8, 4::8]
            np.testing.assert_allclose(coarse, before[f"{name}.mask"], rtol=0, atol=1e-6)
    assert (samples.influence == 1).all()
