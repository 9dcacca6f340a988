"""An independent reader for what @espalier/nn writes: Hugging Face's safetensors (0.8.0, with torch 2.13.0).

`python tools/golden/external_reader.py` writes packages/nn/test/golden/huggingface.safetensors, a tensor of every dtype, and
foreign.safetensors, tensors of the dtypes that Espalier has not, with the values of the 8-bit floats beside them.
`python tools/golden/external_reader.py FOLDER` reads every model.safetensors below FOLDER, and compares each tensor's
values with what Espalier reads (built by `npm run build`).
"""

import hashlib
import json
import pathlib
import subprocess
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save


root = pathlib.Path(__file__).parents[2]


def read(path):
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def write_golden():
    path = root / "packages/nn/test/golden/huggingface.safetensors"
    numbers = [0, 1, 2, 3, 100, 127]
    signed = [-1.5, 0.25, 65504, -0.0, 3, 1e-3]
    tensors = {
        "f64": torch.tensor(signed, dtype=torch.float64).reshape(2, 3),
        "f32": torch.tensor(signed, dtype=torch.float32).reshape(3, 2),
        "f16": torch.tensor(signed, dtype=torch.float16),
        "bf16": torch.tensor(signed, dtype=torch.bfloat16),
        "i32": torch.tensor([-n for n in numbers], dtype=torch.int32),
        "u32": torch.tensor(numbers, dtype=torch.uint32),
        "i8": torch.tensor([-n for n in numbers], dtype=torch.int8),
        "u8": torch.tensor(numbers, dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(7.0),
        "empty": torch.zeros(0, 4),
        "layers.0.weight \u2603": torch.ones(1, 1),
    }
    path.write_bytes(save(tensors, metadata={"format": "pt"}))
    patterns = torch.arange(256, dtype=torch.int16).to(torch.uint8)
    foreign = {
        "steps": torch.tensor([0, -1, 2**31 - 1, -(2**31)]),
        "far": torch.tensor([[1, 2**31]]),
        "counts": torch.tensor([0, 2**32 - 1], dtype=torch.uint64),
        "far counts": torch.tensor([2**63, 3], dtype=torch.uint64),
        "short": torch.tensor([-(2**15), 7, 2**15 - 1], dtype=torch.int16),
        "word": torch.tensor([0, 2**16 - 1], dtype=torch.uint16),
        "e4m3": patterns.clone().view(torch.float8_e4m3fn),
        "e5m2": patterns.clone().view(torch.float8_e5m2),
        "e4m3 values": patterns.view(torch.float8_e4m3fn).float(),
        "e5m2 values": patterns.view(torch.float8_e5m2).float(),
        "fnuz": patterns[:3].clone().view(torch.float8_e4m3fnuz),
        "complex": torch.tensor([1 + 2j, -1j], dtype=torch.complex64),
        "weight": torch.ones(2, 2),
    }
    (path.parent / "foreign.safetensors").write_bytes(save(foreign))


# What Espalier itself reads in a file: a hash of each tensor's values.
own_reader = """
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decodeSafetensors } from '@espalier/nn';
const { tensors } = decodeSafetensors(readFileSync(process.argv[1]));
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
console.log(JSON.stringify(Object.fromEntries([...tensors].map(([name, { bytes }]) => [name, hash(bytes)]))));
"""


def values_of(tensor):
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def check(folder):
    paths = sorted(pathlib.Path(folder).rglob("model.safetensors"))
    different = 0
    for path in paths:
        command = ["node", "--input-type=module", "-e", own_reader, str(path.resolve())]
        own = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)
        tensors, _ = read(path)
        same = own == {name: hashlib.sha256(values_of(tensor)).hexdigest() for name, tensor in tensors.items()}
        different += not same
        print(f"{path}: {len(tensors)} tensors, {'equal values' if same else 'DIFFERENT'}")
    sys.exit(1 if different or not paths else 0)


if len(sys.argv) > 1:
    check(sys.argv[1])
else:
    write_golden()
