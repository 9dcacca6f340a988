"""Trained models of PyTorch for @espalier/models: run `python tools/golden/torch_models.py`, with torch 2.13.0, onnx 1.17.0,
onnxscript and safetensors installed.

Writes packages/models/test/golden/torch-models: a small ResNet under the names that torchvision gives, one of bottlenecks, and a
CNN with batch norms, each saved in every way that PyTorch has, with a batch and the logits that PyTorch gives for it
(../torch-models.json). `--full FOLDER` writes the same of ResNet-18 with inputs of 32 x 32 and of 224 x 224 there, for a
comparison by hand. Weights are drawn, and norms have statistics as of a training.
"""

import argparse
import base64
import json
import pathlib
import shutil
import warnings

import numpy
import onnx
import torch
from safetensors.torch import save_file
from torch import nn

warnings.filterwarnings("ignore")


def no_source(_):
    raise OSError("the source code of PyTorch's classes has no place in this repository")


torch.serialization.get_source_lines_and_file = no_source


class Block(nn.Module):
    """Two convolutions of 3 x 3, or three around one of 3 x 3, with a way around them."""

    def __init__(self, taken, width, stride, bottleneck):
        super().__init__()
        given = width * 4 if bottleneck else width
        self.bottleneck = bottleneck
        self.conv1 = nn.Conv2d(taken, width, 1 if bottleneck else 3, 1 if bottleneck else stride, 0 if bottleneck else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride if bottleneck else 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        if bottleneck:
            self.conv3 = nn.Conv2d(width, given, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(given)
        self.downsample = None
        if stride != 1 or taken != given:
            self.downsample = nn.Sequential(nn.Conv2d(taken, given, 1, stride, bias=False), nn.BatchNorm2d(given))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.bottleneck:
            y = self.bn3(self.conv3(torch.relu(y)))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Source: K. He et al., "Deep residual learning for image recognition", CVPR 2016."""

    def __init__(self, blocks, widths, classes, stem, bottleneck=False):
        super().__init__()
        small = stem == "small"
        self.conv1 = nn.Conv2d(3, widths[0], 3 if small else 7, 1 if small else 2, 1 if small else 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        taken = widths[0]
        for index, (count, width) in enumerate(zip(blocks, widths)):
            stage = []
            for at in range(count):
                stage.append(Block(taken, width, 2 if index > 0 and at == 0 else 1, bottleneck))
                taken = width * 4 if bottleneck else width
            setattr(self, f"layer{index + 1}", nn.Sequential(*stage))
        self.stages = len(blocks)
        self.fc = nn.Linear(taken, classes)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for index in range(self.stages):
            x = getattr(self, f"layer{index + 1}")(x)
        return self.fc(x.mean((2, 3)))


def cnn():
    """Of known classes only, so that it can be saved whole."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.SiLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 16),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(16, 10),
    )


def seasoned(model, seed):
    """Statistics and weights as of a training, so that nothing is 0 or 1 where it could hide a mistake."""
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.6, 1.4)
            module.bias.data.normal_(0, 0.2)
            module.num_batches_tracked.fill_(1234)
    return model.eval()


def save(folder, name, model, x, whole):
    state = model.state_dict()
    torch.save(state, folder / f"{name}.pth")
    torch.save(state, folder / f"{name}-legacy.pth", _use_new_zipfile_serialization=False)
    if whole:
        torch.save(model, folder / f"{name}-whole.pth")
    save_file({key: value.contiguous() for key, value in state.items()}, folder / f"{name}.safetensors")
    names = {"input_names": ["input"], "output_names": ["logits"]}
    torch.onnx.export(
        model, (x,), str(folder / f"{name}-17.onnx"), opset_version=17, dynamo=False, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE, dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}}, **names,
    )
    batch = torch.export.Dim("batch", min=2, max=512)
    torch.onnx.export(
        model, (x,), str(folder / f"{name}-now.onnx"), dynamo=True, external_data=False, optimize=True, verbose=False,
        dynamic_shapes=({0: batch},), **names,
    )
    for each in ("17", "now"):
        proto = onnx.load(folder / f"{name}-{each}.onnx")
        # Traces of where a model was exported are no part of it.
        for node in proto.graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
        for value in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output, *proto.graph.initializer):
            del value.metadata_props[:]
            value.doc_string = ""
        del proto.graph.value_info[:]
        del proto.graph.metadata_props[:]
        onnx.save(proto, folder / f"{name}-{each}.onnx")
    with torch.no_grad():
        logits = model(x)
    return logits


def floats(tensor):
    return base64.b64encode(tensor.detach().numpy().astype(numpy.float32).tobytes()).decode()


def small():
    here = pathlib.Path("packages/models/test/golden")
    folder = here / "torch-models"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(1)
    models = {
        "resnet": (ResNet([1, 1, 1, 1], [4, 4, 6, 8], 10, "small"), 12),
        "resnet-pictures": (ResNet([1, 1], [4, 6], 10, "pictures"), 28),
        "resnet-bottleneck": (ResNet([1, 1], [3, 4], 10, "small", bottleneck=True), 10),
        "cnn": (cnn(), 12),
    }
    answers = {}
    for seed, (name, (model, side)) in enumerate(models.items()):
        x = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(seed))
        logits = save(folder, name, seasoned(model, seed), x, name == "cnn")
        answers[name] = {"shape": list(x.shape), "input": floats(x), "logits": floats(logits)}
    for name in ("resnet-pictures", "resnet-bottleneck"):
        for extra in (".pth", "-legacy.pth", "-17.onnx", "-now.onnx"):
            (folder / f"{name}{extra}").unlink()
    examples = torch.randn(64, 3, 6, 6, generator=torch.Generator().manual_seed(9)).half().float()
    with torch.no_grad():
        classes = models["cnn"][0](examples).argmax(1)
    numpy.savez(folder / "calibration.npz", x=examples.numpy().astype(numpy.float16), y=classes.numpy())
    (here / "torch-models.json").write_text(json.dumps(answers, indent=1) + "\n")


def full(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for side, stem in ((32, "small"), (224, "pictures")):
        torch.manual_seed(side)
        model = seasoned(ResNet([2, 2, 2, 2], [64, 128, 256, 512], 10, stem), side)
        x = torch.randn(4, 3, side, side)
        name = f"resnet18-{side}"
        logits = save(folder, name, model, x, False)
        numpy.savez(folder / f"{name}.npz", x=x.numpy(), logits=logits.numpy())
    torch.manual_seed(3)
    model = seasoned(cnn(), 3)
    x = torch.randn(64, 3, 32, 32)
    numpy.savez(folder / "cnn.npz", x=x.numpy(), logits=save(folder, "cnn", model, x, True).numpy())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", type=pathlib.Path, help="where to write the models of full size")
    given = parser.parse_args()
    full(given.full) if given.full else small()
