"""What all tests share."""

from hypothesis import settings

# A loaded machine is slow without being wrong; derandomised, a run fails or passes alike everywhere.
settings.register_profile("previz", deadline=None, derandomize=True)
settings.load_profile("previz")
