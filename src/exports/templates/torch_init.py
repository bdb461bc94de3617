"""Reverse cumulative sums, y[..., i, ...] = x[..., i, ...] + x[..., i + 1, ...] + ..., on tuned CUDA kernels.

    from scantune_torch import reverse_cumsum, ModelNew
    y = reverse_cumsum(x, dim)
"""

import torch

from .gpu import Gpu
from .plan import Chip, Geometry, Types, candidates
from .tuned import NAMESPACE, PROVENANCE, TUNED

__all__ = ["ModelNew", "PROVENANCE", "chosen", "reverse_cumsum"]

_NAMES = {torch.float16: "f16", torch.bfloat16: "bf16", torch.float32: "f32", torch.float64: "f64",
          torch.int32: "i32", torch.int64: "i64"}
_SUMS = {"f16": "f32", "bf16": "f32"}
_NARROW = (torch.bool, torch.uint8, torch.int8, torch.int16)
_gpus = {}


def _gpu(device):
    index = torch.cuda.current_device() if device.index is None else device.index
    if index not in _gpus:
        of = torch.cuda.get_device_properties(index)
        chip = Chip(of.name, 10 * of.major + of.minor, of.multi_processor_count)
        _gpus[index] = Gpu(index, chip, lambda geometry, types, chip: candidates(TUNED, geometry, types, chip))
    return _gpus[index]


def _types(dtype, widen):
    name = _NAMES[dtype]
    return Types(name, "i64" if widen and name == "i32" else _SUMS.get(name, name))


def _as_it_lies(x, dim):
    """(x with dimensions in the order of memory, where dim is among them); elements fill that memory, or did not."""
    order = sorted(range(x.ndim), key=lambda d: -x.stride(d))
    return x.permute(order), order.index(dim)


def _result_type(dtype, widen):
    return torch.int64 if widen and dtype == torch.int32 else dtype


# An operator rather than a function: torch.compile keeps it whole, and knows its result's shape without running it.
@torch.library.custom_op(NAMESPACE + "::reverse_cumsum", mutates_args=(), device_types="cuda")
def _reverse_cumsum(x: torch.Tensor, dim: int, widen: bool) -> torch.Tensor:
    y = torch.empty_like(x, dtype=_result_type(x.dtype, widen))
    if x.numel() == 0 or x.ndim == 0:
        return y.copy_(x)
    if x.stride() != y.stride():  # elements do not fill their memory
        x = torch.empty_like(y, dtype=x.dtype).copy_(x)
    lying, place = _as_it_lies(y, dim)
    n = lying.shape[place]
    inner = lying.shape[place + 1:].numel()
    geometry = Geometry(x.numel() // (n * inner), n, inner)
    with torch.cuda.device(x.device):
        _gpu(x.device).run(geometry, _types(x.dtype, widen), x.data_ptr(), y.data_ptr(),
                           lambda size: torch.empty(size, dtype=torch.uint8, device=x.device),
                           torch.cuda.current_stream().cuda_stream)
    return y


@_reverse_cumsum.register_fake
def _(x, dim, widen):
    return torch.empty_like(x, dtype=_result_type(x.dtype, widen))


@_reverse_cumsum.register_kernel("cpu")
def _(x, dim, widen):
    """For code that is tried without a GPU; nothing is tuned there."""
    y = torch.empty_like(x, dtype=_result_type(x.dtype, widen))
    sums = torch.cumsum(torch.flip(x, [dim]) if x.ndim else x, dim, dtype=y.dtype)
    return y.copy_(torch.flip(sums, [dim]) if x.ndim else sums)


def _keep_dim(ctx, inputs, output):
    _, ctx.dim, _ = inputs


def _backward(ctx, grad):
    # x[j] is in every y[i] with i <= j, so its gradient is the cumulative sum of theirs. Halves are summed in f32.
    sums = torch.float32 if grad.dtype in (torch.float16, torch.bfloat16) else grad.dtype
    return torch.cumsum(grad, ctx.dim, dtype=sums).to(grad.dtype), None, None


_reverse_cumsum.register_autograd(_backward, setup_context=_keep_dim)


def reverse_cumsum(x, dim, *, dtype=None):
    """The reverse cumulative sum along a dimension, in the types of torch.cumsum.

    That is torch.flip(torch.cumsum(torch.flip(x, [dim]), dim, dtype=dtype), [dim]): integers are summed in int64
    unless `dtype` says otherwise. A tensor whose elements fill its memory, in whatever order of dimensions,
    is read and written as it lies; any other is copied first. Gradients are those of torch.
    """
    if not -max(1, x.ndim) <= dim < max(1, x.ndim):
        raise IndexError("reverse_cumsum: dim {} is out of range for {} dimensions".format(dim, x.ndim))
    if dtype is not None:
        x = x.to(dtype)
    widen = dtype is None
    if x.dtype in _NARROW and widen:
        x = x.to(torch.int32)
    if x.dtype not in _NAMES:
        raise TypeError("reverse_cumsum: {} is not supported; expected one of {}".format(
            x.dtype, ", ".join(str(known) for known in _NAMES)))
    return _reverse_cumsum(x, dim % max(1, x.ndim), widen)


def chosen(x, dim):
    """The variant that sums such a tensor, spelled as scantune does; x must be on a GPU."""
    lying, place = _as_it_lies(torch.empty_like(x, device="meta"), dim % x.ndim)
    n, inner = lying.shape[place], lying.shape[place + 1:].numel()
    gpu = _gpu(x.device)
    with torch.cuda.device(x.device):
        gpu.make_current()
        plan, _ = gpu.choose(Geometry(x.numel() // (n * inner), n, inner), _types(x.dtype, True))
    return " ".join([plan.variant.kernel] + ["{}={}".format(*item) for item in plan.variant.params.items()])


class ModelNew(torch.nn.Module):
    """Reverse cumulative sums along a dimension."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        return reverse_cumsum(x, self.dim)
