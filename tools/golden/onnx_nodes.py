"""A small selection of ONNX's own tests of its operators, for the tests of @espalier/models.

Needs onnx==1.17.0 (pip install onnx==1.17.0), whose wheel has the tests. Writes
packages/models/test/onnx/golden/node-tests.json.gz: for each operator the smallest tests of each of its versions, as
[{name, model, inputs, outputs}] with the files in base64. With `--folder FOLDER --out NAME --most 40 --operators ...` of what
tools/bench/onnx/node_tests.py made of a newer package: newer-node-tests.json.gz has all small ones of the operators since 23. They are (c) the ONNX Project Contributors, Apache-2.0.
"""

import argparse
import base64
import gzip
import json
from pathlib import Path

import onnx

parser = argparse.ArgumentParser()
parser.add_argument("--folder", type=Path, default=Path(onnx.__file__).parent / "backend" / "test" / "data")
parser.add_argument("--out", default="node-tests.json.gz")
parser.add_argument("--operators", nargs="*", default=[])
parser.add_argument("--most", type=int, default=2)
options = parser.parse_args()
FOLDER = options.folder / "node"
OUT = Path(__file__).parents[2] / "packages" / "models" / "test" / "onnx" / "golden" / options.out
# As many bytes of a test, of which there are as many as --most of an operator.
LARGEST = 2500
# What is drawn, decoded from pictures, or has data that is wrong (tools/bench/onnx/conformance.ts).
LEFT_OUT = ("bernoulli", "image_decoder", "training_dropout", "FLOAT_to_BFLOAT16", "qlinearmatmul_2D_int8", "qlinearmatmul_3D_int8")


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def files(folder: Path, word: str) -> list[Path]:
    found = folder.joinpath("test_data_set_0").glob(f"{word}_*.pb")
    return sorted(found, key=lambda path: int(path.stem.split("_")[1]))


def main() -> None:
    groups: dict[str, list[tuple[int, str]]] = {}
    for folder in sorted(FOLDER.iterdir()):
        if any(word in folder.name for word in LEFT_OUT) or folder.name.endswith("_expanded"):
            continue
        model = onnx.load(folder / "model.onnx")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        operators = {f"{node.domain}::{node.op_type}" for node in model.graph.node if node.op_type != "Constant"}
        for operator in operators or {"::Constant"}:
            if options.operators and operator.removeprefix("::") not in options.operators:
                continue
            groups.setdefault(operator, []).append((size, folder.name))
    names: set[str] = set()
    for tests in groups.values():
        names.update(name for size, name in sorted(tests)[: options.most] if size <= LARGEST or (size, name) == min(tests))
    tests = [
        {
            "name": name,
            "model": encoded(FOLDER / name / "model.onnx"),
            "inputs": [encoded(path) for path in files(FOLDER / name, "input")],
            "outputs": [encoded(path) for path in files(FOLDER / name, "output")],
        }
        for name in sorted(names)
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(tests, separators=(",", ":")).encode()
    OUT.write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{len(tests)} tests of {len(groups)} operators, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
