"""A GGUF file with every type of value, as gguf writes it: packages/models/test/golden/every-type.gguf.

    pip install gguf==0.19.0 numpy
    python tools/golden/gguf_file.py
"""

import pathlib

import gguf
import numpy as np
from gguf.constants import GGUFValueType as V

path = pathlib.Path(__file__).parents[2] / "packages/models/test/golden/every-type.gguf"
writer = gguf.GGUFWriter(path, "llama")
writer.add_uint8("n.u8", 255)
writer.add_int8("n.i8", -128)
writer.add_uint16("n.u16", 65535)
writer.add_int16("n.i16", -32768)
writer.add_uint32("n.u32", 2**32 - 1)
writer.add_int32("n.i32", -(2**31))
writer.add_uint64("n.u64", 2**64 - 1)
writer.add_int64("n.i64", -(2**63))
writer.add_uint64("n.u64.small", 7)
writer.add_float32("n.f32", 0.1)
writer.add_float32("n.f32.whole", 100000.0)
writer.add_float32("n.f32.nan", float("nan"))
writer.add_float64("n.f64", 0.1)
writer.add_float64("n.f64.infinite", float("-inf"))
writer.add_bool("n.yes", True)
writer.add_string("text", "π Ġ 😀")
writer.add_string("text.empty", "")
writer.add_array("list.text", ["a", "b"])
writer.add_array("list.i32", [1, -2, 3])
writer.add_array("list.f32", [0.5, 1.0])
writer.add_array("list.bool", [True, False])
writer.add_key_value("list.bytes", bytes([0, 1, 254, 255]), V.ARRAY, sub_type=V.UINT8)
writer.add_key_value("list.u64", [1, 2**63], V.ARRAY, sub_type=V.UINT64)
writer.add_array("list.lists", [[1, 2], [3]])
rows = np.arange(64, dtype=np.float32).reshape(2, 32)
writer.add_tensor("f32", rows)
writer.add_tensor("f16", rows.astype(np.float16)[:, :3].copy())
writer.add_tensor("i64", np.arange(5, dtype=np.int64))
writer.add_tensor("vector", np.arange(3, dtype=np.int8))
writer.add_tensor("q8", gguf.quantize(rows, gguf.GGMLQuantizationType.Q8_0), raw_dtype=gguf.GGMLQuantizationType.Q8_0)
writer.add_tensor("q4", gguf.quantize(rows, gguf.GGMLQuantizationType.Q4_0), raw_dtype=gguf.GGMLQuantizationType.Q4_0)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
