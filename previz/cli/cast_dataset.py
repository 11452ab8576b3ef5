"""`previz cast dataset`: renders with their codes and landmarks, to train on."""

from __future__ import annotations

import time
from pathlib import Path

import click

from previz.cast import DOMAINS, DatasetSettings, Renderer, Shard, load_pack, render_shard

SECONDS_BETWEEN_LINES = 10.0


class _ShardType(click.ParamType[Shard]):
    """K/N: the K-th, counted from 0, of N processes."""

    name = "k/n"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """Read "1/4"."""
        if isinstance(value, Shard):
            return value
        index, slash, count = str(value).partition("/")
        if not slash or not index.isdecimal() or not count.isdecimal() or int(index) >= int(count):
            self.fail(f"{value!r} is not K/N with K from 0 to N - 1, like 0/2", param, ctx)
        return Shard(int(index), int(count))


@click.command(
    epilog="Example: previz cast dataset cast-work/pack.npz --count 12000 --shard 0/2 --out cast-work/head"
)
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder to write, or to go on with."
)
@click.option(
    "--domain",
    default="head",
    show_default=True,
    type=click.Choice(sorted(DOMAINS)),
    help="Which family of pictures.",
)
@click.option(
    "--count",
    default=12000,
    show_default=True,
    type=click.IntRange(1),
    help="Pictures in all shards together.",
)
@click.option(
    "--size",
    default=128,
    show_default=True,
    type=click.IntRange(16, 1024),
    help="Pixels of a picture's long side.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the codes.")
@click.option(
    "--shard", default="0/1", show_default=True, type=_ShardType(), help="Which share this process renders."
)
def dataset(pack: Path, out: Path, domain: str, count: int, size: int, seed: int, shard: Shard) -> None:
    """Render pictures, codes and landmarks from PACK; stop at any time and run again to go on.

    On a CPU, run one process a core, each with its own --shard and LP_NUM_THREADS=1 in its environment.
    """
    renderer = Renderer(load_pack(pack))
    click.echo(f"rendering with {renderer.gl_renderer}", err=True)
    render_shard(out, DatasetSettings(count, size, seed, domain), shard, renderer, _Teller(time.monotonic()))
    click.echo(out)


class _Teller:
    """A line now and then: how many pictures, and how fast."""

    def __init__(self, start: float) -> None:
        self._start = self._last = start
        self._rendered = 0

    def __call__(self, done: int, total: int) -> None:
        self._rendered += 1
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES or done == total:
            self._last = now
            click.echo(
                f"{done}/{total} pictures, {self._rendered / (now - self._start):.1f} a second", err=True
            )
