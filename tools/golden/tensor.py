"""Golden values for @espalier/tensor from PyTorch: run `python tools/golden/tensor.py`, with torch 2.13.0 installed.

Writes packages/tensor/test/golden/pytorch.json: per case the inputs, what the op gives, and the gradients of the sum of
the result weighted with fixed weights. Inputs are small decimals, so that the file is short and exact.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(0)
generator = torch.Generator().manual_seed(0)


def draw(*shape, low=-2.0, high=2.0):
    values = torch.rand(shape, generator=generator, dtype=torch.float64) * (high - low) + low
    return (values * 100).round() / 100


def case(name, fn, inputs, attributes=None, indices=()):
    leaves = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    result = fn(*leaves)
    weights = torch.arange(1, result.numel() + 1, dtype=torch.float64).reshape(result.shape) / result.numel()
    (result * weights).sum().backward()
    listed = lambda x: {"shape": list(x.shape), "data": x.detach().flatten().tolist()}
    return {
        "name": name,
        "attributes": attributes or {},
        "inputs": [{**listed(x), "dtype": "f64" if x.is_floating_point() else "i32"} for x in inputs],
        "result": listed(result),
        "gradients": [listed(x.grad) if x.grad is not None else None for x in leaves],
    }


cases = [
    case("conv2d", lambda x, w: F.conv2d(x, w, stride=2, padding=1), [draw(2, 2, 5, 6), draw(3, 2, 3, 3)], {"stride": 2, "padding": 1}),
    case("conv2d", lambda x, w: F.conv2d(x, w, dilation=2, groups=2), [draw(1, 4, 6, 6), draw(4, 2, 2, 2)], {"dilation": 2, "groups": 2}),
    case("conv2d", lambda x, w: F.conv2d(x, w, padding="same"), [draw(1, 1, 5, 5), draw(2, 1, 2, 3)], {"padding": "same"}),
    case("maxPool2d", lambda x: F.max_pool2d(x, 3, 2, 1), [draw(1, 2, 6, 7)], {"kernel": 3, "stride": 2, "padding": 1}),
    case("avgPool2d", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), [draw(1, 2, 6, 7)], {"kernel": 3, "stride": 2, "padding": 1}),
    case("gelu", lambda x: F.gelu(x), [draw(3, 4)], {"approximate": "none"}),
    case("gelu", lambda x: F.gelu(x, approximate="tanh"), [draw(3, 4)], {"approximate": "tanh"}),
    case("silu", F.silu, [draw(3, 4)]),
    case("mish", F.mish, [draw(3, 4)]),
    case("selu", F.selu, [draw(3, 4)]),
    case("softplus", F.softplus, [draw(3, 4)]),
    case("hardSwish", F.hardswish, [draw(3, 4, low=-5, high=5)]),
    # F.hardsigmoid multiplies with a binary32 1/6 even on doubles.
    case("hardSigmoid", lambda x: torch.clamp(x / 6 + 0.5, 0, 1), [draw(3, 4, low=-5, high=5)]),
    case("erf", torch.erf, [draw(3, 4)]),
    case("expm1", torch.expm1, [draw(3, 4)]),
    case("log1p", torch.log1p, [draw(3, 4, low=-0.9)]),
    case("atan2", torch.atan2, [draw(3, 4), draw(3, 4)]),
    case("asinh", torch.asinh, [draw(3, 4)]),
    case("atanh", torch.atanh, [draw(3, 4, low=-0.9, high=0.9)]),
    case("pow", torch.pow, [draw(3, 4, low=0.1), draw(3, 4)]),
    case("remainder", torch.remainder, [draw(3, 4, low=-9, high=9), draw(4, low=1, high=3)]),
    case("softmax", lambda x: F.softmax(x, 0), [draw(3, 4)], {"axis": 0}),
    case("logSoftmax", lambda x: F.log_softmax(x, -1), [draw(3, 4)], {"axis": -1}),
    case("logSumExp", lambda x: torch.logsumexp(x, 1), [draw(3, 4)], {"axis": 1}),
    case("var", lambda x: torch.var(x, 1), [draw(3, 4)], {"axis": 1}),
    case("std", lambda x: torch.std(x, 0), [draw(3, 4)], {"axis": 0}),
    case("prod", lambda x: torch.prod(x, 1), [torch.tensor([[1.5, 0.0, 2.0], [0.0, 3.0, 0.0], [1.0, 2.0, 3.0]], dtype=torch.float64)], {"axis": 1}),
    case("cumsum", lambda x: torch.cumsum(x, 1), [draw(3, 4)], {"axis": 1}),
    case("layerNorm", lambda x, w, b: F.layer_norm(x, (4,), w, b, 1e-5), [draw(3, 4), draw(4), draw(4)]),
    case("batchNorm", lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, 1e-5), [draw(3, 2, 2, 2), draw(2), draw(2)]),
    case("crossEntropy", lambda x, t: F.cross_entropy(x, t.long()), [draw(4, 3), torch.tensor([0, 2, 1, 1], dtype=torch.int32)]),
    case("crossEntropy", lambda x, t: F.cross_entropy(x, t.long(), label_smoothing=0.1, reduction="sum"), [draw(4, 3), torch.tensor([0, 2, 1, 1], dtype=torch.int32)], {"labelSmoothing": 0.1, "reduction": "sum"}),
    case("crossEntropy", lambda x, t: F.cross_entropy(x, t.long(), ignore_index=1), [draw(4, 3), torch.tensor([0, 2, 1, 1], dtype=torch.int32)], {"ignoreIndex": 1}),
    case("matmul", torch.matmul, [draw(2, 1, 3, 4), draw(3, 4, 2)]),
    case("einsum", lambda a, b: torch.einsum("bij,bkj->ki", a, b), [draw(2, 3, 4), draw(2, 2, 4)], {"equation": "bij,bkj->ki"}),
    case("take", lambda x, i: torch.index_select(x, 1, i.long()), [draw(3, 4), torch.tensor([2, 0, 2], dtype=torch.int32)], {"axis": 1}),
    case("gather", lambda x, i: torch.gather(x, 1, i.long()), [draw(3, 4), torch.tensor([[0, 3], [1, 1], [2, 0]], dtype=torch.int32)], {"axis": 1}),
    case("norm", lambda x: torch.linalg.vector_norm(x, 3, 1), [draw(3, 4)], {"p": 3, "axis": 1}),
]

target = pathlib.Path(__file__).parents[2] / "packages/tensor/test/golden/pytorch.json"
target.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":")) + "\n")
print(f"{len(cases)} cases, {target.stat().st_size} bytes")
