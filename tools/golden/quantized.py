"""Quantized weights as others save them, with the floats that they mean: packages/models/test/golden/quantized/.

    pip install torch==2.13.0 safetensors==0.8.0 compressed-tensors==0.20.1 bitsandbytes==0.50.2
    python tools/golden/quantized.py

bitsandbytes and compressed-tensors make and read their own. GPTQ and AWQ, whose programs need a graphics card, are packed
here by the definition of their layouts.
"""

import pathlib

import bitsandbytes.functional as F
import torch
from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from safetensors.torch import save_file

folder = pathlib.Path(__file__).parents[2] / "packages/models/test/golden/quantized"
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(7)


def save(name, tensors, expected):
    parts = {f"layer.{key}": value.contiguous() for key, value in tensors.items()}
    # `norm` stands for all that is not quantized.
    save_file({**parts, "norm": torch.ones(3), "expected": expected.float().contiguous()}, folder / f"{name}.safetensors")


def packed_down(codes, bits):
    """Codes along the first axis, the first in the lowest bits of a word."""
    per = 32 // bits
    words = torch.zeros(codes.shape[0] // per, codes.shape[1], dtype=torch.int64)
    for position in range(per):
        words |= codes[position::per].to(torch.int64) << (bits * position)
    return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)


def gptq(name, bits, group, offset, order=None):
    inputs, outputs = 64, 32
    codes = torch.randint(0, 2**bits, (inputs, outputs))
    groups = inputs // group
    zeros = torch.randint(0, 2**bits, (groups, outputs))
    scales = (torch.rand(groups, outputs) / 8 + 0.01).half()
    of = torch.arange(inputs) // group if order is None else order
    dense = scales.float()[of] * (codes - zeros[of])
    stored = (zeros - offset) % 2**bits
    tensors = {
        "qweight": packed_down(codes, bits),
        "qzeros": packed_down(stored.T.contiguous(), bits).T,
        "scales": scales,
        "g_idx": of.to(torch.int32),
    }
    save(name, tensors, dense.T)


def awq(name):
    inputs, outputs, group = 64, 32, 32
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    codes = torch.randint(0, 16, (inputs, outputs))
    zeros = torch.randint(0, 16, (inputs // group, outputs))
    scales = (torch.rand(inputs // group, outputs) / 8 + 0.01).half()

    def packed(values):
        words = torch.zeros(values.shape[0], outputs // 8, dtype=torch.int64)
        for nibble, output in enumerate(order):
            words |= values[:, output::8].to(torch.int64) << (4 * nibble)
        return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)

    of = torch.arange(inputs) // group
    dense = scales.float()[of] * (codes - zeros[of])
    save(name, {"qweight": packed(codes), "qzeros": packed(zeros), "scales": scales}, dense.T)


def four_bits(name, kind, nested):
    weight = torch.randn(24, 64)
    codes, state = F.quantize_4bit(weight, quant_type=kind, blocksize=64, compress_statistics=nested)
    tensors = {"weight": codes, **{f"weight.{key}": value for key, value in state.as_dict(packed=True).items()}}
    save(name, tensors, F.dequantize_4bit(codes, state))


def eight_bits(name):
    codes, stats, _ = F.int8_vectorwise_quant(torch.randn(12, 40).half())
    tensors = {"weight": codes, "SCB": stats, "weight_format": torch.tensor(0, dtype=torch.uint8)}
    save(name, tensors, F.int8_vectorwise_dequant(codes, stats))


def compressed(name, bits, group, symmetric):
    rows, columns = 24, 100 if group is None else 96
    groups = 1 if group is None else columns // group
    weight = torch.randn(rows, columns)
    scale = torch.rand(rows, groups).half().float() / 8 + 2**-5
    zero = torch.zeros(rows, groups, dtype=torch.int8)
    if not symmetric:
        zero = torch.randint(-(2 ** (bits - 1)), 2 ** (bits - 1), (rows, groups)).to(torch.int8)
    args = QuantizationArgs(
        num_bits=bits, symmetric=symmetric, strategy="channel" if group is None else "group", group_size=group
    )
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    made = PackedQuantizationCompressor.compress(
        {"weight": weight, "weight_scale": scale, "weight_zero_point": zero}, scheme
    )
    save(name, made, PackedQuantizationCompressor.decompress(made, scheme)["weight"])


gptq("gptq-4", 4, 32, 1)
gptq("gptq-8", 8, 64, 1)
gptq("gptq-v2", 4, 16, 0)
gptq("gptq-order", 4, 16, 1, torch.randperm(64) // 16)
awq("awq")
four_bits("nf4", "nf4", False)
four_bits("nf4-nested", "nf4", True)
four_bits("fp4", "fp4", False)
eight_bits("int8")
compressed("packed-4", 4, 32, True)
compressed("packed-4-zeros", 4, 16, False)
compressed("packed-8-channel", 8, None, True)
