"""`python -m previz` is the `previz` command."""

from previz.cli import main

main(prog_name="previz")
