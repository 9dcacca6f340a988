"""Digests of blocks of weights as llama.cpp makes them, and of what gguf makes of blocks: packages/models/test/golden/blocks.json.

    npm pack @node-llama-cpp/linux-x64@3.21.1 && tar xzf node-llama-cpp-linux-x64-3.21.1.tgz
    pip install gguf==0.19.0 numpy
    python tools/golden/gguf_blocks.py package/bins/linux-x64/libggml-base.so

The weights are made by arithmetic that packages/models/test/blocks/weights.ts repeats; with --bulk FOLDER the blocks of a
million random weights of each kind are written there instead, for comparing byte by byte.
"""

import ctypes
import hashlib
import json
import pathlib
import sys

import gguf
import numpy as np

TYPES = "Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4".split()
COUNT = 16384

lib = ctypes.CDLL(sys.argv[1])
lib.ggml_quantize_chunk.restype = ctypes.c_size_t
lib.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p]


def numbers(seed, count):
    """Whole numbers from 0 to 2^32 - 1."""
    state, out = seed, np.zeros(count, dtype=np.uint64)
    for index in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[index] = state
    return out


def kinds():
    u = (numbers(1, COUNT) >> np.uint64(8)).astype(np.float64) / 2**24 - 0.5
    v = (numbers(2, COUNT) >> np.uint64(8)).astype(np.float64) / 2**24 - 0.5
    group = np.repeat((numbers(3, COUNT // 32) >> np.uint64(16)).astype(np.int64), 32)
    yield "uniform", u
    yield "bell", u * v * 4
    yield "positive", u + 1
    yield "sparse", np.where(v > 0.3, u, 0)
    yield "empty groups", np.where(group % 3 == 0, u, 0)
    yield "equal groups", np.repeat(u[::32], 32)
    yield "exponents", u * 2.0 ** (group % 36 - 20)
    yield "tiny", u * 2.0 ** (group % 50 - 145)
    yield "huge", u * 2.0 ** (group % 16)
    yield "coarse", np.floor(u * 8)


def quantized(name, weights):
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.zeros(weights.size // elements * size, dtype=np.uint8)
    made = lib.ggml_quantize_chunk(int(kind), weights.ctypes.data, out.ctypes.data, 0, weights.size // 256, 256, None)
    assert made == out.size
    return out


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()[:24]


if "--bulk" in sys.argv:
    folder = pathlib.Path(sys.argv[sys.argv.index("--bulk") + 1])
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng()
    for kind, scale in (("normal", 1), ("small", 0.02), ("wide", 300)):
        weights = np.ascontiguousarray(random.standard_normal(2**20) * scale, dtype=np.float32)
        weights.tofile(folder / f"{kind}.f32")
        for name in TYPES:
            quantized(name, weights).tofile(folder / f"{kind}.{name}")
    sys.exit()

golden = {"count": COUNT, "encoded": {}, "decoded": {}}
for kind, values in kinds():
    weights = np.ascontiguousarray(values, dtype=np.float32)
    golden["encoded"][kind] = {name: digest(quantized(name, weights)) for name in TYPES}
for name in TYPES:
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    raw = (numbers(4, COUNT // elements * size) >> np.uint64(16)).astype(np.uint8)
    # No infinite scale: the upper bit of each exponent is cleared, wherever in a block scales are.
    raw &= 0xBF
    golden["decoded"][name] = digest(gguf.dequantize(raw.reshape(-1, size), kind).astype(np.float32))
path = pathlib.Path(__file__).parents[2] / "packages/models/test/golden/blocks.json"
path.write_text(json.dumps(golden, indent=1) + "\n")
