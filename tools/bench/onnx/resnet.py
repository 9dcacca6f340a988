"""ResNet-18 at full size in PyTorch and ONNX Runtime, for `npm run bench:resnet`, which runs it: `resnet.py make FOLDER` draws
pictures of gratings in ten classes, teaches a net of 11.2 million weights with inputs of 224 x 224 to tell them apart, and writes it
with the pictures; `resnet.py judge FOLDER` runs what the benchmark made of it, and writes what came out.

Needs torch 2.13.0, numpy, onnx and onnxruntime.
"""

import json
import pathlib
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "golden"))

from torch_models import ResNet  # noqa: E402

side, batch = 224, 25


def pictures(count, size, seed):
    """A class is a direction of stripes, of five, and how far apart they are, of two; tint, contrast, phase and noise are drawn."""
    draw = torch.Generator().manual_seed(seed)
    uniform = lambda *shape: torch.rand(*shape, generator=draw)
    classes = torch.arange(count) % 10
    angle = (classes % 5 + uniform(count) * 0.5 - 0.25) * torch.pi / 5
    length = torch.where(classes < 5, 6.0, 10.0) * (1 + 0.2 * (uniform(count) - 0.5))
    at = torch.arange(size, dtype=torch.float32)
    along = angle.cos()[:, None, None] * at[:, None] + angle.sin()[:, None, None] * at
    waves = torch.sin(2 * torch.pi * (along / length[:, None, None] + uniform(count)[:, None, None]))
    tint = 0.3 + 0.7 * uniform(count, 3, 1, 1)
    x = (0.2 + 0.8 * uniform(count, 1, 1, 1)) * tint * waves[:, None] + 0.5 * (uniform(count, 3, 1, 1) - 0.5)
    return x + 0.5 * torch.randn(count, 3, size, size, generator=draw), classes


def resnet(widths=(64, 128, 256, 512)):
    return ResNet([2, 2, 2, 2], list(widths), 10, "pictures")


def answers(model, x):
    with torch.no_grad():
        return torch.cat([model(part) for part in x.split(batch)]).numpy()


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    model = resnet()
    steps = 130
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for step in range(steps):
        x, y = pictures(40, 64, 1000 + step)
        loss = functional.cross_entropy(model(x), y, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 10 == 9:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    # Statistics of the size that is judged.
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    with torch.no_grad():
        for part in range(4):
            model(pictures(batch, side, 500 + part)[0])
    model.eval()
    x, y = pictures(200, side, 7)
    logits = answers(model, x)
    print(f"right: {(logits.argmax(1) == y.numpy()).mean():.3f}")
    torch.save(model.state_dict(), folder / "resnet18.pth")
    torch.onnx.export(
        model, (x[:1],), str(folder / "resnet18.onnx"), opset_version=17, dynamo=False, input_names=["input"],
        output_names=["logits"], dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
    )
    for name, values in {"x": x, "y": y.int(), "calibrate": pictures(60, side, 8)[0]}.items():
        numpy.save(folder / f"{name}.npy", values.numpy())
    numpy.save(folder / "logits.npy", logits)


class Rounded(nn.Module):
    """A layer whose inputs are rounded to 8 bits: by a known scale, or each row of its windows by its own largest magnitude."""

    def __init__(self, layer, scale):
        super().__init__()
        self.layer, self.scale = layer, scale

    def forward(self, x):
        layer = self.layer
        if self.scale is not None:
            return layer(torch.fake_quantize_per_tensor_affine(x, self.scale["scale"], self.scale["zero"], -128, 127))
        if isinstance(layer, nn.Linear):
            return functional.linear(by_row(x, 1), layer.weight, layer.bias)
        height, width = [(size + 2 * layer.padding[0] - layer.kernel_size[0]) // layer.stride[0] + 1 for size in x.shape[2:]]
        windows = by_row(functional.unfold(x, layer.kernel_size, 1, layer.padding, layer.stride), 1)
        return (layer.weight.flatten(1) @ windows).unflatten(2, (height, width)) + (0 if layer.bias is None else layer.bias[:, None, None])


def by_row(x, axis):
    scale = (x.abs().amax(axis, keepdim=True) / 127).clamp(min=2.0**-149)
    return (x / scale).round() * scale


def judge(folder):
    import onnx
    import onnxruntime

    torch.set_num_threads(1)
    x = torch.tensor(numpy.load(folder / "x.npy"))
    for name, how in json.loads((folder / "made.json").read_text()).items():
        if (folder / f"{name}.pth").exists():
            model = resnet(how["widths"])
            model.load_state_dict(torch.load(folder / f"{name}.pth", weights_only=True))
            for place, scale in how["rounded"].items():
                parent, _, own = place.rpartition(".")
                holder = model.get_submodule(parent)
                holder._modules[own] = Rounded(holder._modules[own], scale)
            numpy.save(folder / f"{name}-torch.npy", answers(model.eval(), x))
        path = folder / f"{name}.onnx"
        if all(each.domain in ("", "ai.onnx") for each in onnx.load(path).opset_import):
            onnx.checker.check_model(str(path))
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
        run = lambda part: session.run(None, {session.get_inputs()[0].name: part.numpy()})[0]
        numpy.save(folder / f"{name}-ort.npy", numpy.concatenate([run(part) for part in x.split(batch)]))
        print(f"judged {name}", flush=True)


if __name__ == "__main__":
    {"make": make, "judge": judge}[sys.argv[1]](pathlib.Path(sys.argv[2]))
