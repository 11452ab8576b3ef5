"""`previz model`: which generator checkpoints are here, what is in one, and how to convert it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from previz.cli.model_directions import directions

if TYPE_CHECKING:
    from previz import CheckpointInfo


@click.group(epilog="Example: previz model inspect ffhq.pkl")
def model() -> None:
    """List, inspect and convert generator checkpoints. No code in a checkpoint is ever run."""


model.add_command(directions)


@model.command("list", epilog="Example: previz model list --json")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one entry a character.")
def list_(as_json: bool) -> None:
    """List the bundled characters, and those in the folders that PREVIZ_CHECKPOINTS names."""
    from previz import list_checkpoints

    entries = [{"name": name, "path": str(path), "card": card} for name, path, card in list_checkpoints()]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
        return
    for entry in entries:
        card = entry["card"]
        about = card.get("error") or card.get("description") or "" if isinstance(card, dict) else ""
        click.echo("  ".join(part for part in (str(entry["name"]), str(entry["path"]), str(about)) if part))
    if not entries:
        click.echo("no bundled characters; name a checkpoint by its path", err=True)


@model.command(epilog="Example: previz model inspect mira --json")
@click.argument("checkpoint", metavar="CHECKPOINT")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def inspect(checkpoint: str, as_json: bool) -> None:
    """Show the format, architecture and card of CHECKPOINT, a file or the name of a bundled character."""
    from previz import inspect_checkpoint

    summary = _summary(inspect_checkpoint(checkpoint))
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        _print_table(summary)


@model.command(epilog="Example: previz model convert ffhq.pkl ffhq.safetensors --dtype fp16")
@click.argument("source", metavar="SOURCE")
@click.argument("target", type=click.Path(path_type=Path), metavar="TARGET.safetensors")
@click.option("--dtype", type=click.Choice(["fp16", "fp32"]), default="fp16", show_default=True)
@click.option("--force", is_flag=True, help="Replace TARGET where it exists.")
def convert(source: str, target: Path, dtype: str, force: bool) -> None:
    """Write SOURCE, a checkpoint of any format that previz reads, as previz's own safetensors."""
    import torch

    from previz import convert_checkpoint

    path = convert_checkpoint(
        source, target, dtype={"fp16": torch.float16, "fp32": torch.float32}[dtype], force=force
    )
    click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {dtype}")


def _summary(info: CheckpointInfo) -> dict[str, Any]:
    config = info.config
    return {
        "path": str(info.path),
        "format": info.format,
        "bytes": info.bytes,
        "parameters": info.parameters,
        "digest": info.digest,
        "width": config.width,
        "height": config.height,
        "blocks": [list(config.block_shape(block)) for block in range(1, config.num_blocks + 1)],
        "num_ws": config.num_ws,
        "architecture": config.to_dict(),
        "card": dict(info.card),
    }


def _print_table(summary: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    architecture = summary["architecture"]
    conditional = f", {architecture['c_dim']} labels" if architecture["c_dim"] else ""
    clamp = architecture["conv_clamp"]
    rows = {
        "format": summary["format"],
        "file": f"{summary['path']}, {summary['bytes'] / 1e6:.1f} MB",
        "image": f"{summary['width']} × {summary['height']} px",
        "latents": f"z {architecture['z_dim']}, w {architecture['w_dim']} × {summary['num_ws']}{conditional}",
        "mapping": f"{architecture['mapping_layers']} layers",
        "blocks": "\n".join(
            f"{number}: {width} × {height} px, {channels} channels"
            for number, (channels, height, width) in enumerate(summary["blocks"], start=1)
        ),
        "clamp": "none" if clamp is None else f"±{clamp:g}",
        "parameters": f"{summary['parameters']:,}",
        "digest": summary["digest"],
    }
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, value)
    for name, value in summary["card"].items():
        table.add_row(f"card: {name}", value if isinstance(value, str) else json.dumps(value))
    Console(highlight=False, markup=False, emoji=False).print(table)
