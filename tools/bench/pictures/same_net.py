"""The same networks on the same pictures in PyTorch: run by tools/bench/pictures/torch.ts, with torch 2.13.0 and numpy installed.

Reads a folder with model.json, weights as .npy, pictures, batches and learning rates; writes logits after the first step and after the
last one, and prints nothing else.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
folder = pathlib.Path(sys.argv[1])


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x):
        return self.body(x) + (x if self.shortcut is None else self.shortcut(x))


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((-2, -1))


def module(config):
    kind = config["type"]
    if kind == "sequential":
        return nn.Sequential(*[module(each) for each in config["layers"]])
    if kind == "residual":
        return Residual(module(config["body"]), module(config["shortcut"]) if "shortcut" in config else None)
    if kind == "conv2d":
        return nn.Conv2d(
            config["in"],
            config["out"],
            config["kernel"],
            stride=config["stride"],
            padding=config["padding"],
            bias=config["bias"],
        )
    if kind == "batch-norm":
        return nn.BatchNorm2d(config["features"])
    if kind == "linear":
        return nn.Linear(config["in"], config["out"])
    if kind == "max-pool2d":
        return nn.MaxPool2d(config["size"])
    if kind == "global-avg-pool":
        return Mean()
    return {"relu": nn.ReLU, "silu": nn.SiLU}[kind]()


def array(name):
    return torch.from_numpy(np.load(folder / f"{name}.npy"))


told = json.loads((folder / "run.json").read_text())
model = module(told["model"])
state = model.state_dict()
for key in list(state):
    # Ours calls the layers of a sequential by their numbers under `layers`.
    if key.endswith("num_batches_tracked"):
        continue
    state[key] = array(told["names"][key])
model.load_state_dict(state)
optimizer = torch.optim.AdamW(model.parameters(), lr=1, weight_decay=told["weightDecay"])
x, y, test = array("x"), array("y").long(), array("test")


def save(name):
    model.eval()
    with torch.no_grad():
        np.save(folder / f"{name}.npy", model(test).numpy())
    model.train()


for step, (batch, rate) in enumerate(zip(told["batches"], told["rates"])):
    optimizer.param_groups[0]["lr"] = rate
    loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 0:
        save("torch-first")
save("torch-last")
