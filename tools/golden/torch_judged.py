"""What PyTorch and ONNX Runtime make of what the guides write: run `npm run build`, then `python tools/golden/torch_judged.py`, with
torch 2.13.0, onnx 1.17.0, onnxruntime and safetensors installed.

Runs the commands of apps/cli/examples in a temporary folder, loads what they wrote, with `weights_only=True` and
`load_state_dict`, and writes the logits to packages/models/test/golden/torch-judged.json.
"""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import numpy
import onnxruntime
import torch
from safetensors.torch import load_file

from torch_models import ResNet, floats

root = pathlib.Path(".").resolve()
golden = root / "packages/models/test/golden"
models = golden / "torch-models"
answers = json.loads((golden / "torch-models.json").read_text())


def inputs(name):
    import base64

    answer = answers[name]
    return numpy.frombuffer(base64.b64decode(answer["input"]), numpy.float32).reshape(answer["shape"]).copy()


def follow(guide, folder):
    text = (root / "apps/cli/examples" / guide).read_text()
    for name, body in re.findall(r"```json (\S+)\n(.*?)```", text, re.S):
        (folder / name).write_text(body)
    for body in re.findall(r"```sh\n(.*?)```", text, re.S):
        for line in body.strip().splitlines():
            arguments = line.split()[2:]
            subprocess.run(["node", str(root / "apps/cli/dist/joined/main.js"), *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def state(model, read):
    model.load_state_dict(read)
    return model.eval()


with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place)
    shutil.copy(models / "resnet.pth", folder)
    shutil.copy(models / "cnn-now.onnx", folder / "cnn.onnx")
    shutil.copy(models / "calibration.npz", folder)
    for guide in ("pytorch.md", "onnx.md"):
        follow(guide, folder)
    judged = {}
    x = torch.tensor(inputs("resnet"))
    widths = [2, 2, 3, 4]
    read = {
        "sparse.pth": (torch.load(folder / "sparse.pth", weights_only=True), [4, 4, 6, 8]),
        "half.pth": (torch.load(folder / "half.pth", weights_only=True), widths),
        "half.safetensors": (load_file(folder / "half.safetensors"), widths),
    }
    for name, (weights, each) in read.items():
        with torch.no_grad():
            judged[name] = floats(state(ResNet([1, 1, 1, 1], each, 10, "small"), weights)(x))
    for name, of in (("half.onnx", "resnet"), ("int8.onnx", "cnn"), ("int4.onnx", "cnn"), ("static.onnx", "cnn")):
        session = onnxruntime.InferenceSession(str(folder / name))
        (logits,) = session.run(None, {session.get_inputs()[0].name: inputs(of)})
        judged[name] = floats(torch.tensor(logits))
    (golden / "torch-judged.json").write_text(json.dumps(judged, indent=1) + "\n")
