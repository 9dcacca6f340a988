"""Files of PyTorch for @espalier/models: run `python tools/golden/pytorch_files.py`, with torch 2.13.0 and numpy installed.

Writes packages/models/test/golden/pytorch: state dicts and whole modules in both layouts with what is in them (../pytorch.json),
pickles that would run code if anybody let them (malicious/), and arrays of NumPy (../numpy). Nothing here is ever executed by
the tests; PyTorch itself is not asked either.
"""

import base64
import json
import os
import pathlib
import pickle
import shutil
import struct
import warnings
import zipfile
from collections import OrderedDict

import numpy
import torch
from torch import nn

warnings.filterwarnings("ignore")
here = pathlib.Path("packages/models/test/golden")
folder = here / "pytorch"
shutil.rmtree(folder, ignore_errors=True)
for each in ("malicious", "refused"):
    (folder / each).mkdir(parents=True)
torch.manual_seed(0)


def no_source(_):
    raise OSError("the source code of PyTorch's classes has no place in this repository")


# The old layout stores the source code of classes beside their names, if it can be had.
torch.serialization.get_source_lines_and_file = no_source

names = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint64: "U64", torch.uint32: "U32",
    torch.uint16: "U16", torch.uint8: "U8", torch.bool: "BOOL", torch.complex64: "C64", torch.complex128: "C128",
    torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2", torch.float8_e4m3fnuz: "F8_E4M3FNUZ",
    torch.float8_e5m2fnuz: "F8_E5M2FNUZ", torch.float8_e8m0fnu: "F8_E8M0",
}  # fmt: skip


def bytes_of(tensor):
    whole = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach())
    return bytes(whole.reshape(-1).view(torch.uint8).numpy()) if whole.numel() else b""


def describe(state):
    return {
        name: {"dtype": names[t.dtype], "shape": list(t.shape), "base64": base64.b64encode(bytes_of(t)).decode()}
        for name, t in state.items()
    }


files = {}


def save(name, value, state, legacy=False, **more):
    torch.save(value, folder / name, _use_new_zipfile_serialization=not legacy, **more.pop("how", {}))
    files[name] = {"tensors": describe(state), **more}


def every_dtype():
    return OrderedDict(
        (name, torch.randint(0, 2 if dtype == torch.bool else 100, (2, 3)).to(torch.float32).to(dtype))
        for dtype, name in names.items()
    )


dtypes = every_dtype()
save("dtypes.pth", dtypes, dtypes)
save("dtypes-legacy.pth", dtypes, dtypes, legacy=True)

base = torch.arange(24, dtype=torch.float32)
views = OrderedDict(
    whole=base.view(4, 6),
    transposed=base.view(4, 6).t(),
    stepped=base[1::2],
    slice=base.view(4, 6)[1:3, 2:5],
    repeated=torch.tensor([1.5, -2.0]).unsqueeze(1).expand(2, 5),
    empty=torch.zeros(0, 3),
    scalar=torch.tensor(7, dtype=torch.int64),
    tied=base.view(4, 6),
    parameter=nn.Parameter(torch.ones(2)),
)
save("views.pth", views, views, ties={"tied": "whole"})
save("views-legacy.pth", views, views, legacy=True, ties={"tied": "whole"})
save("protocol-4.pth", views, views, ties={"tied": "whole"}, how={"pickle_protocol": 4})

linear = nn.Linear(4, 3)
state = linear.state_dict()
save("state.pth", state, state)
save("parallel.pth", OrderedDict(("module." + k, v) for k, v in state.items()), state)
save("checkpoint.pth", {"epoch": 3, "model_state_dict": state, "best": 0.5, "notes": [1, None, "ü"]}, state, metadata={"epoch": 3, "best": 0.5, "notes": [1, None, "ü"]})
other = {"weight": torch.zeros(1)}
save("two-states.pth", {"model": state, "ema": other}, state, key="model")
torch.save({1: torch.ones(2), "1": torch.zeros(2)}, folder / "refused" / "two-of-a-name.pth")

save("linear.pth", linear, state, module=True)
save("linear-legacy.pth", linear, state, legacy=True, module=True)

conv = nn.Sequential(
    OrderedDict(
        conv=nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=False),
        norm=nn.BatchNorm2d(4),
        act=nn.ReLU(inplace=True),
        deep=nn.Sequential(nn.Conv2d(4, 4, (1, 3), padding="same", groups=2), nn.GELU(), nn.MaxPool2d(2)),
        pool=nn.AdaptiveAvgPool2d(1),
        flat=nn.Flatten(),
        drop=nn.Dropout(0.25),
        head=nn.Linear(4, 5),
    )
)
conv.train()
for _ in range(3):
    conv(torch.randn(8, 2, 12, 12) * 2 + 1)
conv.eval()
images = torch.randn(2, 2, 12, 12)
answer = {"input": images.flatten().tolist(), "shape": list(images.shape), "output": conv(images).flatten().tolist()}
save("cnn.pth", conv, conv.state_dict(), module=True, answer=answer)
save("cnn-legacy.pth", conv, conv.state_dict(), legacy=True, module=True, answer=answer)
save("cnn-state.pth", conv.state_dict(), conv.state_dict(), answer=answer)
mixed = nn.Sequential(nn.Linear(3, 3), nn.PReLU(), nn.Linear(3, 3))
mixed[2].weight = mixed[0].weight
save("odd.pth", mixed, mixed.state_dict(), module=True, ties={"2.weight": "0.weight"})



class Block(nn.Module):
    """A residual block with the names that torchvision gives it."""

    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        if stride != 1 or before != width:
            self.downsample = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet(nn.Module):
    """ResNet-18 with another width and number of blocks."""

    def __init__(self, width=64, stages=4, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for stage in range(stages):
            before, own = max(width, width << stage >> 1), width << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(Block(before, own, 2 if stage else 1), Block(own, own, 1)))
        self.stages = stages
        self.fc = nn.Linear(width << stages >> 1, classes)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


small = ResNet(2, 2, 4)
for _ in range(3):
    small(torch.randn(4, 3, 32, 32))
small.eval()
images = torch.randn(1, 3, 24, 24)
answer = {"input": images.flatten().tolist(), "shape": list(images.shape), "output": small(images).flatten().tolist()}
save("resnet-state.pth", small.state_dict(), small.state_dict(), answer=answer)
save("resnet-state-legacy.pth", small.state_dict(), small.state_dict(), legacy=True, answer=answer)


def code(*parts):
    """A program for the pickle machine."""
    return b"\x80\x02" + b"".join(parts) + b"."


def name(module, own):
    return f"c{module}\n{own}\n".encode()


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


# An OrderedDict as Python 2 has written it: called with a list of pairs.
pair = torch.tensor([1.5, -2.0])
storage = [b"((", text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), b"K\x02tQ"]
tensor = [name("torch._utils", "_rebuild_tensor_v2"), *storage, b"K\x00K\x02\x85K\x01\x85\x89NtR"]
pairs = code(name("collections", "OrderedDict"), b"](](", text("weight"), *tensor, b"ee\x85R")
with zipfile.ZipFile(folder / "pairs.pth", "w") as file:
    file.writestr(zipfile.ZipInfo("archive/data.pkl"), pairs)
    file.writestr(zipfile.ZipInfo("archive/data/0"), bytes_of(pair))
    file.writestr(zipfile.ZipInfo("archive/version"), "3\n")
assert torch.equal(torch.load(folder / "pairs.pth", weights_only=True)["weight"], pair)
files["pairs.pth"] = {"tensors": describe({"weight": pair})}

(here / "pytorch.json").write_text(json.dumps(files, indent=1) + "\n")


# ---------------------------------------------------------------- what would run code
class Call:
    """Pickled as a call of a function."""

    def __init__(self, function, *arguments):
        self.what = (function, arguments)

    def __reduce__(self):
        return self.what


def zip_of(pickled, name):
    with zipfile.ZipFile(folder / "malicious" / name, "w") as file:
        file.writestr(zipfile.ZipInfo("archive/data.pkl"), pickled)
        file.writestr(zipfile.ZipInfo("archive/version"), "3\n")


class Refused:
    def __init__(self, module, name):
        self.module, self.name = module, name


malicious = {
    "os-system": (pickle.dumps(Call(os.system, "echo pwned"), 2), "posix.system"),
    "eval": (pickle.dumps(Call(eval, "1+1"), 2), "__builtin__.eval"),
    "exec-4": (pickle.dumps(Call(exec, "1"), 4), "builtins.exec"),
    "getattr": (pickle.dumps(Call(getattr, "", "join"), 2), "__builtin__.getattr"),
    "in-a-state": (pickle.dumps(OrderedDict(weight=Call(os.system, "true")), 2), "posix.system"),
    "nested": (code(name("collections", "OrderedDict"), b")R", b")R"), "no name of a function"),
    "called-argument": (code(text("x"), b")R"), "no name of a function"),
    "instance": (b"(S'true'\nios\nsystem\n.", "0x53 (STRING)"),
    "instance-named": (code(b"(", text("true"), b"ios\nsystem\n"), "os.system"),
    "object": (code(b"(", text("x"), b"o"), "0x6f (OBJ)"),
    "extension": (code(b"\x82\x01"), "0x82 (EXT1)"),
    "new-with-words": (code(b"))}\x92"), "0x92 (NEWOBJ_EX)"),
    "unknown": (code(b"\xff"), "0xff"),
    "dict-of-words": (code(name("collections", "OrderedDict"), b"](", text("x"), b"e\x85R"), "no list of pairs"),
    "build": (code(name("torch._utils", "_rebuild_tensor_v2"), b"}b"), "no object"),
    "torch-load": (code(name("torch.serialization", "load"), text("x"), b"\x85R"), "torch.serialization.load"),
    "torch-hub": (code(name("torch.hub", "load"), b")R"), "torch.hub.load"),
    "subprocess": (code(name("subprocess", "Popen"), text("true"), b"\x85R"), "subprocess.Popen"),
    "own-class": (code(name("__main__", "Net"), b")\x81"), "__main__.Net"),
    "dotted": (b"\x80\x04" + b"\x8c\x05torch" + b"\x8c\x16_utils.os.system\x00\x00\x00\x00\x00\x00" + b"\x93.", "torch._utils.os.system"),
    "script": (code(name("__torch__.model", "Net"), b")\x81"), "TorchScript"),
    "class-of-modules": (code(name("torch.nn.modules.module", "Module"), b")\x81"), "torch.nn.modules.module.Module"),
}
refusals = {}
for own, (program, expected) in malicious.items():
    zip_of(program, f"{own}.pth")
    refusals[f"{own}.pth"] = expected
magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
(folder / "malicious" / "old-os-system.pth").write_bytes(magic + malicious["os-system"][0] + pickle.dumps([], 2))
refusals["old-os-system.pth"] = "posix.system"
(here / "malicious.json").write_text(json.dumps(refusals, indent=1) + "\n")

# ---------------------------------------------------------------- NumPy
arrays = here / "numpy"
shutil.rmtree(arrays, ignore_errors=True)
arrays.mkdir(parents=True)
kept = {}


def keep(own, array, version=None):
    with open(arrays / f"{own}.npy", "wb") as file:
        numpy.lib.format.write_array(file, array, version=version)
    if array.dtype.names is None and array.dtype.kind in "biufc":
        little = numpy.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
        kept[own] = {"shape": list(array.shape), "dtype": array.dtype.str, "base64": base64.b64encode(little.tobytes()).decode()}


counted = numpy.arange(6).reshape(2, 3)
for kind in ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1", "c8", "c16"]:
    keep(kind, counted.astype(kind))
for kind in [">f4", ">i8", ">c8"]:
    keep("big-" + kind[1:], counted.astype(kind))
keep("columns", numpy.asfortranarray(counted.astype("f4")))
keep("columns-big", numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4).astype(">i2")))
keep("scalar", numpy.float32(2.5).reshape(()))
keep("empty", numpy.zeros((0, 4), "f4"))
keep("version-2", counted.astype("f4"), (2, 0))
keep("version-3", counted.astype("f4"), (3, 0))
keep("record", numpy.zeros(2, dtype=[("x", "f4"), ("y", "i4")]))
keep("text", numpy.array(["a", "bc"]))
keep("time", numpy.array(["2020-01-01"], dtype="M8[D]"))
with open(arrays / "object.npy", "wb") as file:
    numpy.save(file, numpy.array([Call(os.system, "true")], dtype=object), allow_pickle=True)
numpy.savez(arrays / "stored.npz", weight=counted.astype("f4"), bias=numpy.zeros(3, "f8"))
numpy.savez_compressed(arrays / "deflated.npz", weight=numpy.zeros((100, 10), "f4"), bias=counted.astype("i8"))
(here / "numpy.json").write_text(json.dumps(kept, indent=1) + "\n")
