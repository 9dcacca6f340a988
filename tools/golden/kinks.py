"""Golden gradients at kinks, ties and poles: run `python tools/golden/kinks.py`, with torch 2.13.0 installed.

Writes packages/tensor/test/golden/kinks.json: op, inputs, and the gradients of the sum of its result, in f64. Numbers
that JSON does not have are texts.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F

inf = math.inf
rows = []


def plain(value):
    if isinstance(value, list):
        return [plain(element) for element in value]
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def rec(name, fn, *inputs):
    leaves = [torch.tensor(values, dtype=torch.float64, requires_grad=True) for values in inputs]
    gradients = torch.autograd.grad(fn(*leaves).sum(), leaves)
    rows.append([name, plain(list(inputs)), plain([gradient.tolist() for gradient in gradients])])


def rec_vector(name, fn, value):
    # Of many elements: the rest that PyTorch computes one by one has other gradients at NaN.
    leaf = torch.full((64,), value, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(fn(leaf).sum(), leaf)
    rows.append([name, plain([[value]]), plain([[gradient[0].item()]])])


for n in [
    "abs",
    "sign",
    "floor",
    "ceil",
    "trunc",
    "round",
    "relu",
    "sigmoid",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "log",
    "log1p",
    "log2",
    "log10",
    "asin",
    "acos",
    "atan",
    "acosh",
    "atanh",
    "asinh",
    "exp",
    "square",
    "tanh",
    "erf",
    "tan",
]:
    rec(n, getattr(torch, n), [-1.0, -0.0, 0.0, 1.0])
rec("softplus", F.softplus, [-1.0, 0.0, 1.0])
rec("silu", F.silu, [0.0])
rec("mish", F.mish, [0.0])
rec("gelu", F.gelu, [0.0])
rec("selu", F.selu, [-1.0, 0.0, 1.0])
rec("elu", F.elu, [-1.0, 0.0, 1.0])
rec("leakyRelu", lambda x: F.leaky_relu(x, 0.01), [-1.0, 0.0, 1.0])
rec("hardSigmoid", F.hardsigmoid, [-4.0, -3.0, 0.0, 3.0, 4.0])
rec("hardSwish", F.hardswish, [-4.0, -3.0, 0.0, 3.0, 4.0])
for n, fn in {
    "relu": F.relu,
    "leakyRelu": lambda x: F.leaky_relu(x, 0.01),
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hardSigmoid": F.hardsigmoid,
    "hardSwish": F.hardswish,
    "clamp": lambda x: torch.clamp(x, -1, 1),
    "round": torch.round,
    "sqrt": torch.sqrt,
    "log": torch.log,
    "square": torch.square,
}.items():
    rec_vector(n, fn, math.nan)
for n in ["relu", "leakyRelu", "elu", "selu", "softplus", "hardSigmoid", "hardSwish"]:
    fn = {"leakyRelu": lambda x: F.leaky_relu(x, 0.01), "hardSigmoid": F.hardsigmoid, "hardSwish": F.hardswish}.get(n)
    rec(n, fn or getattr(F, n), [-inf, inf])
rec("maximum", torch.maximum, [math.nan, 1.0, math.nan], [1.0, math.nan, math.nan])
rec("minimum", torch.minimum, [math.nan, 1.0, math.nan], [1.0, math.nan, math.nan])
rec("maximum", torch.maximum, [1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
rec("minimum", torch.minimum, [1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
rec("pow", torch.pow, [0.0, 0.0, 0.0, 0.0, 0.0, 2.0, -2.0, -2.0], [0.0, 1.0, 2.0, 0.5, -1.0, 0.0, 2.0, 3.0])
rec("atan2", torch.atan2, [0.0, 0.0, 1.0, -1.0], [0.0, -1.0, 0.0, 0.0])
rec("div", torch.div, [0.0, 1.0, 0.0], [1.0, 0.0, 0.0])
rec("floorDivide", lambda a, b: torch.div(a, b, rounding_mode="floor"), [4.0, 5.0], [2.0, 2.0])
rec("remainder", torch.remainder, [4.0, 5.0, -5.0], [2.0, 2.0, 3.0])
rec("clamp", lambda x: torch.clamp(x, -1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0])
rec("max", lambda x: torch.amax(x), [1.0, 2.0, 2.0, 0.0])
rec("min", lambda x: torch.amin(x), [1.0, 1.0, 2.0, 2.0])
rec("norm", lambda x: torch.linalg.vector_norm(x), [0.0, 0.0, 0.0])
rec("norm1", lambda x: torch.linalg.vector_norm(x, 1), [0.0, 0.0, 3.0])
rec("norm3", lambda x: torch.linalg.vector_norm(x, 3), [0.0, 0.0, 0.0])
rec("norm1.5", lambda x: torch.linalg.vector_norm(x, 1.5), [0.0, 0.0, 0.0])
rec("norm0.5", lambda x: torch.linalg.vector_norm(x, 0.5), [0.0, 0.0, 0.0])
rec("normInf", lambda x: torch.linalg.vector_norm(x, inf), [0.0, 0.0, 0.0])
rec("normInf", lambda x: torch.linalg.vector_norm(x, inf), [3.0, -3.0, 1.0])
rec("norm0.5", lambda x: torch.linalg.vector_norm(x, 0.5), [0.0, 2.0, 3.0])
rec("norm3", lambda x: torch.linalg.vector_norm(x, 3), [0.0, 2.0, -3.0])
rec("norm1.5", lambda x: torch.linalg.vector_norm(x, 1.5), [0.0, 2.0, -3.0])
rec("std", lambda x: torch.std(x), [2.0, 2.0, 2.0])
rec("var", lambda x: torch.var(x), [2.0, 2.0, 2.0])
rec("prod", torch.prod, [2.0, 0.0, 3.0])
rec("prod", torch.prod, [2.0, 0.0, 0.0])
rec("cumprod", lambda x: torch.cumprod(x, 0), [2.0, 0.0, 3.0, 4.0])
rec("cumprod", lambda x: torch.cumprod(x, 0), [2.0, 0.0, 3.0, 0.0, 5.0])
rec("logSumExp", lambda x: torch.logsumexp(x, 0), [-inf, -inf])
rec("logSumExp", lambda x: torch.logsumexp(x, 0), [inf, 0.0])
rec("logSumExp", lambda x: torch.logsumexp(x, 0), [-inf, 0.0])
rec("softmax", lambda x: torch.softmax(x, 0)[0], [-inf, 0.0])
rec("sort", lambda x: torch.sort(x, stable=True)[0] * torch.tensor([1.0, 2.0, 3.0]), [1.0, 1.0, 0.0])

target = pathlib.Path(__file__).parents[2] / "packages/tensor/test/golden/kinks.json"
target.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
