from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def parity() -> Path:
    """The fixtures that NVIDIA's code made: beside the checkout, or the copy in it."""
    beside = ROOT.parent / "shared" / "parity"
    return beside if beside.is_dir() else ROOT / "tests" / "data" / "parity"
