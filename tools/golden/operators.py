"""PyTorch's operator database as golden values: `python tools/golden/operators.py`, with torch 2.13.0, numpy and expecttest.

Walks `op_db` for each op that Espalier has and writes test/golden/operators.json.gz: sample and reference inputs, what
PyTorch makes of them, the gradients of a fixed weighting of the results, and inputs that PyTorch refuses.

Float samples are computed in doubles, once for all float dtypes: their inputs are bfloat16 numbers, which four digits
tell apart, so that every float dtype starts from the same values; results and gradients keep seven digits. Integers
and bool have samples of their own. Few samples of each form are kept, and small ones; what is element by element is
thinned. The cotangent of element i is ((37 i) mod 16 - 7.5) / 8.
"""

import gzip
import json
import math
import pathlib
import random
import sys
import warnings

import numpy
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import BinaryUfuncInfo, UnaryUfuncInfo

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

names = """
abs acos acosh asin asinh atan atanh ceil cos cosh erf exp exp2 expm1 floor log log10 log1p log2 neg reciprocal round
round.decimals_0 round.decimals_3 round.decimals_neg_3 rsqrt sigmoid sign sgn sin sinh sqrt square tan tanh trunc
isfinite isinf isnan logical_not bitwise_not positive
nn.functional.relu nn.functional.leaky_relu nn.functional.elu nn.functional.selu
nn.functional.gelu nn.functional.silu nn.functional.softplus nn.functional.mish nn.functional.hardsigmoid
nn.functional.hardswish nn.functional.logsigmoid nn.functional.softmin nn.functional.normalize
add sub mul rsub div.no_rounding_mode div.trunc_rounding div.floor_rounding true_divide floor_divide remainder pow
minimum maximum min.binary max.binary atan2 eq ne lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or
bitwise_xor bitwise_left_shift bitwise_right_shift clamp clamp_min clamp_max lerp where masked_fill
__radd__ __rmul__ __rsub__ __rdiv__
sum prod amax amin max.reduction_no_dim max.reduction_with_dim min.reduction_no_dim min.reduction_with_dim mean any all
var var.unbiased std std.unbiased var_mean std_mean logsumexp linalg.vector_norm norm norm.inf argmax argmin
count_nonzero
reshape view flatten ravel squeeze squeeze.multiple unsqueeze permute transpose t T mT expand broadcast_to narrow select
flip fliplr flipud constant_pad_nd nn.functional.pad.constant nn.functional.pad.reflect nn.functional.pad.replicate
nn.functional.pad.replicate_negative nn.functional.pad.circular tile repeat repeat_interleave split split.list_args
split_with_sizes chunk unfold __getitem__ slice unflatten cat stack hstack vstack clone contiguous
index_select gather scatter_add take_along_dim nn.functional.embedding nn.functional.one_hot cumsum cumprod sort argsort
topk msort
matmul __rmatmul__ mm bmm mv dot outer einsum inner nn.functional.linear nn.functional.conv2d nn.functional.max_pool2d
nn.functional.avg_pool2d
softmax softmax.with_dtype log_softmax log_softmax.with_dtype nn.functional.layer_norm nn.functional.batch_norm
nn.functional.cross_entropy nn.functional.binary_cross_entropy_with_logits nn.functional.mse_loss
nn.functional.l1_loss nn.functional.huber_loss nn.functional.kl_div
bool byte char int float double half bfloat16
zeros ones full eye arange linspace zeros_like ones_like full_like
""".split()

short = {
    torch.float64: "f64", torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16", torch.int64: "i64",
    torch.int32: "i32", torch.int16: "i16", torch.int8: "i8", torch.uint8: "u8", torch.bool: "bool",
}  # fmt: skip
integers = [torch.int32, torch.uint8, torch.int8, torch.bool]

# What one sample may hold, and how many samples of an op are kept: of floats, of each integer dtype, of errors.
most_elements, most_floats, most_integers, most_errors, alike, thinned = 1500, 30, 8, 16, 2, 40


def is_tensor(value):
    return isinstance(value, torch.Tensor)


def leaves_of(value):
    if is_tensor(value):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for part in value for leaf in leaves_of(part)] if isinstance(value, (list, tuple)) else []


def mapped(value, change):
    if is_tensor(value):
        return change(value)
    if isinstance(value, dict):
        return {key: mapped(part, change) for key, part in value.items()}
    return type(value)(mapped(part, change) for part in value) if type(value) in (list, tuple) else value


class Tensors:
    """Tensors of the file, each once."""

    def __init__(self):
        self.index = {}
        self.list = []

    def add(self, tensor, digits):
        flat = tensor.detach().reshape(-1).tolist()
        data = [number(value, digits) if tensor.is_floating_point() else int(value) for value in flat]
        entry = [short[tensor.dtype], list(tensor.shape), data[:1] if len(set(data)) == 1 else data]
        key = json.dumps(entry)
        if key not in self.index:
            self.index[key] = len(self.list)
            self.list.append(entry)
        return self.index[key]


def number(value, digits):
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    rounded = float(f"%.{digits}g" % value)
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 and (rounded != 0 or math.copysign(1, rounded) > 0) else rounded


def encode(value, tensors):
    """Arguments as JSON: tensors, slices and dtypes are objects with one key."""
    if is_tensor(value):
        return {"tensor": tensors.add(value, 4)}
    if isinstance(value, torch.dtype):
        return {"dtype": short.get(value, "other")}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if isinstance(value, torch.memory_format):
        return {"layout": str(value)}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {key: encode(part, tensors) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(part, tensors) for part in value]
    raise TypeError(f"no JSON for {value!r}")


def thin(sample):
    """Fewer elements of what is element by element, the same of each operand."""
    parts = [part for part in [sample.input, *sample.args] if is_tensor(part) and part.numel() > 1]
    if not parts or any(part.shape != parts[0].shape for part in parts) or parts[0].numel() <= thinned:
        return
    every = torch.linspace(0, parts[0].numel() - 1, thinned).long()
    pick = lambda x: x.detach().reshape(-1)[every] if is_tensor(x) and x.numel() > 1 else x
    sample.input, sample.args = pick(sample.input), tuple(map(pick, sample.args))


def form(sample):
    """What makes two samples alike: ranks, which sizes are 0 and 1, whether all numbers are finite, and what is no tensor."""

    def of(value):
        if not is_tensor(value):
            return repr(value)[:200]
        wild = value.is_floating_point() and not bool(torch.isfinite(value).all())
        return f"{value.dtype}{[min(size, 2) for size in value.shape]}{wild}"

    def each(value):
        if isinstance(value, (list, tuple)):
            return [each(part) for part in value]
        return of(value)

    return repr([each(sample.input), each(sample.args), sorted((key, each(value)) for key, value in sample.kwargs.items())])


def as_golden_number(value):
    """Numbers among the arguments are bfloat16 numbers too, so that each dtype has them."""
    if isinstance(value, float) and math.isfinite(value):
        return float(torch.tensor(value, dtype=torch.bfloat16))
    if type(value) in (list, tuple):
        return type(value)(as_golden_number(part) for part in value)
    return value


def as_index(value):
    """Python tells lists from tuples in an index, JSON does not: a list of numbers is a tensor."""
    if type(value) is list and all(type(part) in (int, list) for part in value):
        return torch.tensor(value)
    return tuple(map(as_index, value)) if type(value) is tuple else value


def as_golden_float(tensor, leaf):
    """A float tensor as doubles that are bfloat16 numbers; everything else as it is."""
    if not tensor.is_floating_point():
        return tensor.detach().clone()
    return tensor.detach().to(torch.bfloat16).to(torch.float64).requires_grad_(leaf)


def results_of(value):
    if is_tensor(value):
        return [value]
    if isinstance(value, (bool, int, float)):
        return [torch.tensor(value)]
    return [part for part in value if is_tensor(part)]


def cotangent(tensor):
    count = torch.arange(tensor.numel(), dtype=torch.float64)
    return ((count * 37 % 16 - 7.5) / 8).reshape(tensor.shape)


def evaluate(op, sample, floating, tensors):
    marked = {id(leaf): leaf.requires_grad for leaf in leaves_of([sample.input, list(sample.args), sample.kwargs])}
    change = (lambda x: as_golden_float(x, marked.get(id(x), False))) if floating else (lambda x: x.detach().clone())
    args = [sample.input, *sample.args]
    if op.name not in ("arange", "linspace"):
        args = [as_golden_number(part) for part in args]
    if op.name == "__getitem__":
        args = [args[0], *map(as_index, args[1:])]
    given = mapped(args, change)
    named = mapped(dict(sample.kwargs), change)
    encoded = {"args": encode(given, tensors), **({"kwargs": encode(named, tensors)} if named else {})}
    leaves = [leaf for leaf in leaves_of([given, named]) if leaf.requires_grad]
    # Some ops write into their arguments (running moments); the file has what went in.
    results = results_of(op.op(*given, **named))
    if sum(part.numel() for part in [*leaves_of([given, named]), *results]) > most_elements:
        return None
    encoded["results"] = [tensors.add(part, 7) for part in results]
    smooth = [part for part in results if part.requires_grad]
    if leaves and smooth:
        total = sum((part.double() * cotangent(part)).sum() for part in smooth)
        found = torch.autograd.grad(total, leaves, allow_unused=True)
        everything = leaves_of([given, named])
        encoded["gradients"] = [
            [next(i for i, other in enumerate(everything) if other is leaf), tensors.add(gradient + 0, 7)]
            for leaf, gradient in zip(leaves, found)
            if gradient is not None
        ]
    return encoded


def samples_of(op, dtype):
    torch.manual_seed(0)
    numpy.random.seed(0)
    random.seed(0)
    floating = dtype.is_floating_point
    draw = getattr(op, "reference_inputs", None) or op.sample_inputs
    elementwise = isinstance(op, (UnaryUfuncInfo, BinaryUfuncInfo))
    requires_grad = floating and op.supports_autograd
    seen = {}
    # Reference inputs of some ops cannot be drawn with gradients: then without.
    for source, tracked in [(op.sample_inputs, requires_grad), (draw, requires_grad), (draw, False)]:
        try:
            for sample in source("cpu", dtype, requires_grad=tracked):
                if elementwise:
                    thin(sample)
                    if requires_grad:
                        for part in [sample.input, *sample.args]:
                            if is_tensor(part) and part.is_floating_point() and part.is_leaf:
                                part.requires_grad_(True)
                if sum(leaf.numel() for leaf in leaves_of([sample.input, list(sample.args), sample.kwargs])) > most_elements:
                    continue
                if any(leaf.is_complex() for leaf in leaves_of([sample.input, list(sample.args), sample.kwargs])):
                    continue
                key = form(sample)
                seen[key] = seen.get(key, 0) + 1
                if seen[key] <= alike:
                    yield sample
        except (RuntimeError, ValueError) as error:
            print(f"  {op.name} {dtype}: sampling ended: {str(error)[:100]}", file=sys.stderr)
        else:
            if source is draw:
                break


def evenly(values, most):
    """All of a short list; of a long one its beginning and then evenly."""
    if len(values) <= most:
        return values
    head = most // 2
    rest = values[head:]
    return values[:head] + [rest[i * len(rest) // (most - head)] for i in range(most - head)]


def errors_of(op, tensors):
    if op.error_inputs_func is None:
        return
    kept = 0
    for error in op.error_inputs("cpu"):
        sample = error.sample_input
        parts = leaves_of([sample.input, list(sample.args), sample.kwargs])
        # A method of a Python number that Python does not have says nothing about tensors.
        if kept >= most_errors or isinstance(sample.input, (int, float)) and op.name not in ("eye", "arange", "linspace"):
            continue
        if "out" in sample.kwargs or any(x.is_complex() or x.numel() > 4096 for x in parts):
            continue
        small = lambda x: x.detach() if x.numel() <= 64 else torch.ones_like(x)
        try:
            given, named = mapped([sample.input, *sample.args], small), mapped(dict(sample.kwargs), small)
            yield {
                "args": encode(given, tensors),
                **({"kwargs": encode(named, tensors)} if named else {}),
                "error": str(error.error_regex)[:100],
            }
            kept += 1
        except (TypeError, KeyError):
            continue


def main():
    tensors = Tensors()
    known = {op.name + (f".{op.variant_test_name}" if op.variant_test_name else ""): op for op in op_db}
    ops = {}
    for name in names:
        op = known[name]
        cases = []
        taken = [dtype for dtype in [torch.float32, *integers] if op.supports_dtype(dtype, "cpu")]
        for dtype in taken or [torch.int64]:
            floating = dtype.is_floating_point
            found = []
            for sample in evenly(list(samples_of(op, dtype)), (most_floats if floating else most_integers) * 2):
                try:
                    encoded = evaluate(op, sample, floating, tensors)
                except Exception as error:
                    print(f"  {name} {dtype}: {str(error)[:120]!r}", file=sys.stderr)
                    continue
                if encoded:
                    found.append({"dtype": "float" if floating else short[dtype], **encoded})
            cases += evenly(found, most_floats if floating else most_integers)
        cases += errors_of(op, tensors)
        ops[name] = cases
    used = {}

    def renumber(value):
        if isinstance(value, dict):
            if set(value) == {"tensor"}:
                return {"tensor": used.setdefault(value["tensor"], len(used))}
            return {
                key: [used.setdefault(i, len(used)) for i in part] if key == "results"
                else [[at, used.setdefault(i, len(used))] for at, i in part] if key == "gradients"
                else renumber(part)
                for key, part in value.items()
            }  # fmt: skip
        return [renumber(part) for part in value] if isinstance(value, list) else value

    ops = renumber(ops)
    file = {"torch": torch.__version__, "tensors": [tensors.list[i] for i in used], "ops": ops}
    target = pathlib.Path(__file__).parents[2] / "test/golden/operators.json.gz"
    text = json.dumps(file, separators=(",", ":")).encode()
    target.write_bytes(gzip.compress(text, 9, mtime=0))
    count = sum(len(cases) for cases in ops.values())
    refused = sum("error" in case for cases in ops.values() for case in cases)
    print(f"{len(ops)} ops, {count} samples, {refused} of them refused, {len(used)} tensors, {target.stat().st_size} bytes")


main()
