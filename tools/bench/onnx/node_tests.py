"""Writes ONNX's own tests of its operators as folders, as wheels of onnx after 1.20 have them no more: `pip install onnx`, then
`python node_tests.py FOLDER`, and `npm run bench:onnx -- --folder FOLDER`."""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases


def message(value, declared):
    """A value as the file of a test has it, by the type that the model declares."""
    if declared.HasField("optional_type"):
        return numpy_helper.from_optional(value)
    if declared.HasField("sequence_type"):
        return numpy_helper.from_list(value)
    return value if isinstance(value, TensorProto) else numpy_helper.from_array(np.asarray(value))


def main(folder: Path) -> None:
    for case in collect_testcases(None):
        if case.model is None:
            continue
        data = folder / "node" / case.name / "test_data_set_0"
        data.mkdir(parents=True, exist_ok=True)
        (data.parent / "model.onnx").write_bytes(case.model.SerializeToString())
        inputs, outputs = case.data_sets[0]
        for word, values, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
            for index, (value, info) in enumerate(zip(values, infos)):
                (data / f"{word}_{index}.pb").write_bytes(message(value, info.type).SerializeToString())


main(Path(sys.argv[1]))
