"""Trainer processes and the one that started them."""

from __future__ import annotations

from torch.multiprocessing.spawn import ProcessContext

__all__ = ["join_trainers"]


def join_trainers(context: ProcessContext) -> None:
    """Wait for the trainer processes; when interrupted, tell them so and wait until they have ended.

    Those that listen end when their state is saved, the others at once. Raises KeyboardInterrupt then.
    """
    interrupted = False
    while True:
        try:
            if context.join():
                break
        except KeyboardInterrupt:
            interrupted = True
            for process in context.processes:
                if process.is_alive():
                    process.terminate()  # which they take as a wish to stop, and a second Ctrl-C would not be
        except Exception:
            if interrupted:  # before they were listening
                break
            raise
    if interrupted:
        raise KeyboardInterrupt
