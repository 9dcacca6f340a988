"""The ops of rows in PyTorch: `rows.py FOLDER`, which has problem.json and the operands.

Writes the results of the first step to results.bin in doubles, and prints milliseconds a step: of the processor for one
thread, of the clock for several. Needs torch.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

folder = Path(sys.argv[1])
problem = json.loads((folder / "problem.json").read_text())
settings = problem["settings"]
torch.set_num_threads(problem["threads"])


def operand(index, description):
    dtype = np.int32 if description["whole"] else np.float32
    values = np.fromfile(folder / f"{index}.bin", dtype=dtype).reshape(description["shape"])
    made = torch.from_numpy(values)
    return made.long() if description["whole"] else made


operands = [operand(*each) for each in enumerate(problem["operands"])]


def matmul(a, b):
    return (a.t() if settings["left"] else a) @ (b.t() if settings["right"] else b)


def conv(x, w, _):
    return F.conv2d(x, w, padding=settings["pad"], groups=settings["groups"])


def conv_backward(which):
    def step(x, w, g):
        pad = [settings["pad"]] * 2
        mask = [which == 0, which == 1, False]
        found = torch.ops.aten.convolution_backward(
            g, x, w, None, [1, 1], pad, [1, 1], False, [0, 0], settings["groups"], mask
        )
        return found[which]

    return step


def attention(q, k, v, _):
    # With a batch: without one there is no fused kernel.
    return F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]


def attention_gradients(q, k, v, g):
    leaves = [each.detach().requires_grad_() for each in (q, k, v)]
    y = attention(*leaves, None)
    return (y.detach(), *torch.autograd.grad(y, leaves, g))


def cross_entropy_gradient(x, targets):
    leaf = x.detach().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(leaf, targets), leaf)[0]


def scatter_add(index, source):
    return torch.zeros(settings["rows"], settings["columns"]).index_add_(0, index, source)


def adam(parameter, gradient):
    leaf = parameter.clone().requires_grad_()
    leaf.grad = gradient
    optimizer = torch.optim.Adam([leaf], lr=settings["rate"], fused=True)

    def step():
        optimizer.step()
        return leaf.detach()

    return step


def dense(h, parameters):
    layers = len(parameters) // 2
    for layer in range(layers):
        h = torch.addmm(parameters[2 * layer + 1], h, parameters[2 * layer])
        if layer < layers - 1:
            h = F.relu(h)
    return h


def mlp(x, parameters):
    return dense(x, parameters)


def lenet(x, parameters):
    w1, b1, w2, b2, *rest = parameters
    h = F.max_pool2d(F.relu(F.conv2d(x, w1, b1, padding=2)), 2)
    h = F.max_pool2d(F.relu(F.conv2d(h, w2, b2)), 2)
    return dense(h.flatten(1), rest)


def gpt(tokens, parameters):
    following = iter(parameters)
    heads = settings["heads"]
    batch, length = tokens.shape
    h = next(following)[tokens] + next(following)
    width = h.shape[2]

    def norm(x):
        return F.layer_norm(x, (width,), next(following), next(following))

    for _ in range(settings["layers"]):
        parts = (norm(h) @ next(following)).split(width, 2)
        q, k, v = (part.view(batch, length, heads, -1).transpose(1, 2) for part in parts)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + seen.transpose(1, 2).reshape(batch, length, width) @ next(following)
        h = h + F.gelu(norm(h) @ next(following), approximate="tanh") @ next(following)
    return (norm(h) @ next(following)).view(batch * length, -1)


def training(forward):
    def prepare(x, labels, *initial):
        parameters = [each.clone().requires_grad_() for each in initial]
        optimizer = torch.optim.SGD(parameters, lr=settings["rate"])

        def step():
            optimizer.zero_grad()
            loss = F.cross_entropy(forward(x, parameters), labels.flatten())
            loss.backward()
            optimizer.step()
            return loss.detach()

        return step

    return prepare


stateful = {"adam": adam, "mlp": training(mlp), "lenet": training(lenet), "gpt": training(gpt)}
plain = {
    "matmul": matmul,
    "conv": conv,
    "conv-input": conv_backward(0),
    "conv-weight": conv_backward(1),
    "attention": attention,
    "attention-gradients": attention_gradients,
    "softmax": lambda x: F.softmax(x, -1),
    "log-softmax": lambda x: F.log_softmax(x, -1),
    "layer-norm": lambda x, w, b: F.layer_norm(x, w.shape, w, b, settings["epsilon"]),
    "rms-norm": lambda x, w: F.rms_norm(x, w.shape, w, settings["epsilon"]),
    "cross-entropy": F.cross_entropy,
    "cross-entropy-gradient": cross_entropy_gradient,
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
    "multiply-add": lambda x, y, z: torch.addcmul(z, x, y),
    "sum-rows": lambda x: x.sum(1),
    "sum-columns": lambda x: x.sum(0),
    "transpose": lambda x: x.t().contiguous(),
    "sort": lambda x: x.sort(-1).values,
    "argmax": lambda x: x.argmax(-1),
    "max-pool": lambda x: F.max_pool2d(x, 2),
    "cumsum": lambda x: x.cumsum(-1),
    "gather": lambda table, index: F.embedding(index, table),
    "scatter-add": scatter_add,
}

op = problem["op"]
if op in stateful:
    step = stateful[op](*operands)
else:
    inputs = operands
    step = lambda: plain[op](*inputs)

first = step()
results = first if isinstance(first, tuple) else (first,)
np.concatenate([each.double().numpy().reshape(-1) for each in results]).tofile(folder / "results.bin")

clock = time.process_time if problem["threads"] == 1 else time.perf_counter


def sample():
    before, start, steps = clock(), time.perf_counter(), 0
    while True:
        step()
        steps += 1
        if time.perf_counter() - start >= 0.06:
            return (clock() - before) / steps * 1000


start = time.perf_counter()
while time.perf_counter() - start < 0.5:
    sample()
times = []
start = time.perf_counter()
while len(times) < 7 and time.perf_counter() - start < 4:
    times.append(sample())
print(sorted(times)[len(times) // 2])
