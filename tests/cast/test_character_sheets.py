"""Sheets of seeds, expressions and directions, drawn by a small untrained generator."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from previz.cast import Z_NAMES, expression_sheet, seed_sheet, sheet_domain, strip_sheet
from previz.cast._sheets import seed_codes
from previz.cli import main
from previz.errors import CastError
from previz.generator import Generator, GeneratorConfig, save_generator


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(3)
    config = GeneratorConfig(
        resolution=16, z_dim=len(Z_NAMES), w_dim=8, channels={4: 8, 8: 8, 16: 8}, mapping_layers=2
    )
    made = Generator(config).requires_grad_(False)
    made.card = {"domain": "mira"}
    return made


def test_a_seed_is_the_code_that_a_timeline_would_take(generator):
    codes = seed_codes(sheet_domain(generator), [7])
    w = generator.mapping(torch.from_numpy(codes))
    torch.testing.assert_close(w, generator.sample_w(7))


def test_seeds_are_laid_out_in_rows(generator):
    sheet = seed_sheet(generator, [1, 2, 3], columns=2)
    assert len(sheet.pictures) == 3
    assert sheet.labels == ("seed 1", "seed 2", "seed 3")
    assert sheet.columns == 2
    assert sheet.pictures[0].shape == (16, 16, 3)


def test_expressions_go_across_and_seeds_down(generator):
    sheet = expression_sheet(generator, [1, 2], ["neutral", "happy", "aa"])
    assert sheet.columns == 3
    assert sheet.labels[:4] == ("1 neutral", "1 happy", "1 aa", "2 neutral")
    assert not np.array_equal(sheet.pictures[0], sheet.pictures[1])


def test_the_middle_of_a_strip_is_the_seed_itself(generator):
    sheet = strip_sheet(generator, 5, ["yaw"], steps=3, truncation=0.7)
    w = generator.sample_w(5, truncation=0.7)
    expected = (generator.synthesis(w)[0].permute(1, 2, 0).clamp(-1, 1) + 1) * 127.5
    np.testing.assert_allclose(sheet.pictures[1], expected.numpy(), atol=0.51)
    assert not np.array_equal(sheet.pictures[0], sheet.pictures[2])


def test_a_strip_of_no_known_factor_names_those_there_are(generator):
    with pytest.raises(CastError, match=r"^no direction 'joy'; there are yaw, pitch, roll, jaw,"):
        strip_sheet(generator, 5, ["joy"])


def test_a_checkpoint_of_another_origin_has_no_sheet(generator):
    other = Generator(generator.config)
    with pytest.raises(CastError, match=r"^the checkpoint's card names no domain of the cast"):
        sheet_domain(other)


def test_the_command_writes_the_sheet_and_doesnt_overwrite_it(generator, tmp_path):
    checkpoint = save_generator(generator, tmp_path / "small.safetensors", generator.card)
    arguments = ["cast", "sheet", str(checkpoint), "-o", str(tmp_path / "s.png"), "--seeds", "1-2"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 2
    assert "exists already; pass --force" in again.output


def test_renders_can_not_be_truncated(generator, tmp_path):
    arguments = ["cast", "sheet", "mira", "-o", str(tmp_path / "s.png"), "--pack", "p", "--truncation", "0.7"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "--truncation: renders have none; leave it at 1 with --pack" in done.output
