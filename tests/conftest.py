"""What all tests share."""

import os

# One thread solves small pictures fastest, and always alike; processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from hypothesis import settings

torch.set_num_threads(1)

# A loaded machine is slow without being wrong; derandomised, a run fails or passes alike everywhere.
settings.register_profile("previz", deadline=None, derandomize=True)
settings.load_profile("previz")
