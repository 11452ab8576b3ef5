"""Latent IK in bfloat16 arrives where it does in float32."""

import pytest
import torch

from previz.drag import DragItem, DragSettings, drag, drag_batch, make_reference
from previz.drag._precision import repeatable, resolve_precision
from previz.errors import SolveError
from previz.generator import load_generator

HANDLES = torch.tensor([[127.0, 150.0], [100.0, 176.0]])
TARGETS = HANDLES + torch.tensor([[2.0, 0.0], [2.0, 3.0]])


@pytest.fixture(scope="module")
def mira():
    return load_generator("mira")


def dragged(generator, precision, mask=None):
    settings = DragSettings(method="ik", tolerance=0.5, precision=precision, max_iterations=6)
    w = generator.sample_w(9, 0.7)[0]
    reference = make_reference(generator, w, HANDLES, settings)
    return drag(generator, w, HANDLES, TARGETS, reference, settings, mask), reference, settings


def test_in_bf16_handles_are_within_a_tenth_of_a_pixel_of_where_they_are_said_to_be(mira):
    result, reference, settings = dragged(mira, "bf16")
    assert result.status == "ok"
    exact = DragSettings(method="ik", max_iterations=0, tolerance=9.0)
    found = drag(mira, result.w, result.handles, TARGETS, reference, exact)  # tracked in float32
    assert float((found.handles - result.handles).norm(dim=-1).max()) < 0.1
    assert result.w.dtype == torch.float32
    assert settings.precision == "bf16"


def test_auto_is_fp32_on_a_cpu(random_generator):
    w, points = random_generator.sample_w(3)[0], torch.tensor([[10.0, 12.0]])
    found = []
    for precision in ("auto", "fp32"):
        settings = DragSettings(method="ik", precision=precision, max_iterations=2)
        reference = make_reference(random_generator, w, points, settings)
        found.append(drag(random_generator, w, points, points + 2.0, reference, settings).w)
    assert torch.equal(*found)


@pytest.mark.parametrize("masked", [False, True])
def test_a_batch_in_bf16_is_dragged_as_one_by_one(random_generator, masked):
    w, points = random_generator.sample_w(3)[0], torch.tensor([[10.0, 12.0]])
    mask = torch.ones(32, 32) if masked else None
    if mask is not None:
        mask[:, 24:] = 0
    settings = DragSettings(method="ik", precision="bf16", max_iterations=2)
    reference = make_reference(random_generator, w, points, settings)
    (result,) = drag_batch(random_generator, [DragItem(w, points, points + 2.0, reference, mask)], settings)
    single = drag(random_generator, w, points, points + 2.0, reference, settings, mask)
    torch.testing.assert_close(result.handles, single.handles, atol=0.05, rtol=0)
    assert not torch.equal(result.w, w)


@pytest.mark.parametrize(("precision", "device", "is_"), [
    ("auto", "cpu", "fp32"), ("auto", "mps", "fp32"), ("auto", "cuda", "tf32"), ("fp32", "cuda", "fp32"),
    ("bf16", "cpu", "bf16"), ("tf32", "cuda", "tf32"),
])  # fmt: skip
def test_what_a_precision_is_on_a_device(precision, device, is_):
    assert resolve_precision(precision, torch.device(device)) == is_


def test_tf32_is_refused_where_there_is_no_cuda(random_generator):
    w, points = random_generator.sample_w(3)[0], torch.tensor([[10.0, 12.0]])
    settings = DragSettings(method="ik", precision="tf32")
    reference = make_reference(random_generator, w, points, settings)
    with pytest.raises(SolveError) as refused:
        drag(random_generator, w, points, points, reference, settings)
    assert str(refused.value) == (
        "solver.precision: tf32 is of CUDA devices, and the generator is on cpu; use fp32, bf16 or auto"
    )


def test_a_precision_that_nobody_knows_is_refused():
    with pytest.raises(SolveError) as refused:
        DragSettings(precision="fp8")
    assert str(refused.value) == 'solver.precision: "fp8" is not one of auto, fp32, tf32, bf16'


def test_cuda_settings_are_put_back_and_hold_tf32_only_where_asked():
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32
    for precision, tf32 in (("fp32", False), ("auto", True)):
        with repeatable(torch.device("cuda"), precision):
            assert (cudnn.deterministic, cudnn.allow_tf32) == (True, tf32)
        assert (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32) == before
