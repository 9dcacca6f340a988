"""Golden values for @espalier/nn from PyTorch: run `python tools/golden/nn.py`, with torch 2.13.0 installed.

Writes packages/nn/test/golden/pytorch.json. Optimizers: a parameter after each of five steps with given gradients, in
f64. Schedules: the learning rate of each step. Losses: value and gradient.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

generator = torch.Generator().manual_seed(0)


def draw(*shape, low=-2.0, high=2.0):
    values = torch.rand(shape, generator=generator, dtype=torch.float64) * (high - low) + low
    return (values * 100).round() / 100


steps = 5
start = draw(4)
gradients = [draw(4) for _ in range(steps)]


def optimizer(config, make):
    parameter = start.clone().requires_grad_(True)
    rule = make([parameter])
    values = []
    for gradient in gradients:
        parameter.grad = gradient.clone()
        rule.step()
        values.append(parameter.detach().tolist())
    return {"config": config, "values": values}


optim = torch.optim
optimizers = [
    optimizer({"type": "sgd", "lr": 0.1}, lambda p: optim.SGD(p, lr=0.1)),
    optimizer({"type": "sgd", "lr": 0.1, "weightDecay": 0.05}, lambda p: optim.SGD(p, lr=0.1, weight_decay=0.05)),
    optimizer({"type": "sgd", "lr": 0.1, "momentum": 0.9}, lambda p: optim.SGD(p, lr=0.1, momentum=0.9)),
    optimizer({"type": "sgd", "lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weightDecay": 0.01}, lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01)),
    optimizer({"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}, lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True)),
    optimizer({"type": "rmsprop", "lr": 0.01}, lambda p: optim.RMSprop(p, lr=0.01)),
    optimizer({"type": "rmsprop", "lr": 0.01, "alpha": 0.9, "epsilon": 1e-3, "weightDecay": 0.1}, lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-3, weight_decay=0.1)),
    optimizer({"type": "rmsprop", "lr": 0.01, "momentum": 0.8, "centered": True}, lambda p: optim.RMSprop(p, lr=0.01, momentum=0.8, centered=True)),
    optimizer({"type": "adam", "lr": 0.01}, lambda p: optim.Adam(p, lr=0.01)),
    optimizer({"type": "adam", "lr": 0.01, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3, "weightDecay": 0.1}, lambda p: optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-3, weight_decay=0.1)),
    optimizer({"type": "adamw", "lr": 0.01}, lambda p: optim.AdamW(p, lr=0.01)),
    optimizer({"type": "adamw", "lr": 0.01, "weightDecay": 0.3, "epsilon": 1e-4}, lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.3, eps=1e-4)),
]


def schedule(config, total, steps_per_epoch, make, per_epoch=False):
    rule = optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(rule)
    values = []
    for step in range(total):
        values.append(rule.param_groups[0]["lr"])
        rule.step()
        if not per_epoch or (step + 1) % steps_per_epoch == 0:
            scheduler.step()
    return {"config": config, "totalSteps": total, "stepsPerEpoch": steps_per_epoch, "values": values}


lr = torch.optim.lr_scheduler
schedules = [
    schedule({"type": "step", "every": 2, "factor": 0.5}, 20, 4, lambda o: lr.StepLR(o, 2, 0.5), per_epoch=True),
    schedule({"type": "cosine", "end": 0.1}, 12, 4, lambda o: lr.CosineAnnealingLR(o, 11, eta_min=0.1)),
    schedule({"type": "linear", "end": 0.25}, 12, 4, lambda o: lr.LinearLR(o, 1.0, 0.25, total_iters=11)),
    schedule({"type": "one-cycle"}, 20, 4, lambda o: lr.OneCycleLR(o, max_lr=1.0, total_steps=20)),
    schedule({"type": "one-cycle", "rise": 0.4, "start": 0.1, "end": 0.001}, 25, 5, lambda o: lr.OneCycleLR(o, max_lr=1.0, total_steps=25, pct_start=0.4, div_factor=10, final_div_factor=100)),
]


def loss(name, fn, output, target, options=None):
    leaf = output.clone().requires_grad_(True)
    value = fn(leaf, target)
    value.sum().backward()
    return {"name": name, "options": options or {}, "output": output.tolist(), "target": target.tolist(), "value": value.tolist(), "gradient": leaf.grad.tolist()}


x, y = draw(3, 4), draw(3, 4)
p = draw(3, 4, low=0.01, high=1.0)
target = (p / p.sum(1, keepdim=True)).round(decimals=2)
target[0, 1] = 0.0
losses = [
    loss("mse", F.mse_loss, x, y),
    loss("mse", lambda a, b: F.mse_loss(a, b, reduction="sum"), x, y, {"reduction": "sum"}),
    loss("l1", F.l1_loss, x, y),
    loss("huber", F.huber_loss, x, y),
    loss("huber", lambda a, b: F.huber_loss(a, b, delta=0.4), x, y, {"delta": 0.4}),
    loss("bceWithLogits", F.binary_cross_entropy_with_logits, x * 20, (y > 0).double()),
    loss("klDivergence", lambda a, b: F.kl_div(F.log_softmax(a, 1), b, reduction="batchmean"), x, target),
    loss("klDivergence", lambda a, b: F.kl_div(F.log_softmax(a, 1), b, reduction="sum"), x, target, {"reduction": "sum"}),
    loss("klDivergence", lambda a, b: F.kl_div(F.log_softmax(a, 1), F.log_softmax(b, 1), reduction="batchmean", log_target=True), x, y, {"logTarget": True}),
]

norm = torch.nn.BatchNorm2d(2).double()
batches = [draw(3, 2, 2, 2) for _ in range(2)]
trained = [norm(batch).detach().flatten().tolist() for batch in batches]
norm.eval()
batch_norm = {
    "batches": [batch.tolist() for batch in batches],
    "trained": trained,
    "evaluated": norm(batches[0]).detach().flatten().tolist(),
    "mean": norm.running_mean.tolist(),
    "variance": norm.running_var.tolist(),
}

path = pathlib.Path(__file__).parents[2] / "packages/nn/test/golden/pytorch.json"
path.parent.mkdir(parents=True, exist_ok=True)
content = {
    "start": start.tolist(),
    "gradients": [gradient.tolist() for gradient in gradients],
    "optimizers": optimizers,
    "schedules": schedules,
    "losses": losses,
    "batchNorm": batch_norm,
}
path.write_text(json.dumps(content) + "\n")
