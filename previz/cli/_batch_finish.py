"""Where workers' `finish` was; it is `previz.batch`'s."""

from previz.batch import finish

__all__ = ["finish"]
