"""Golden values for @espalier/data: run `python tools/golden/data.py`, with scikit-learn 1.9.1 and pandas installed.

Writes scikit-learn's digits, breast cancer, wine and diabetes as CSV to packages/data/test/tables/, and to
packages/data/test/golden/scikit-learn.json what scikit-learn makes of them: scaled columns, encodings, metrics.
"""

import json
import pathlib

import numpy as np
from sklearn import datasets, impute, linear_model, metrics, preprocessing, utils

package = pathlib.Path(__file__).parents[2] / "packages/data/test"


def write(name, load, target):
    data = load()
    names = [str(each).replace(" ", "_") for each in data.feature_names] + [target]
    labels = data.get("target_names")
    rows = [",".join(names)]
    for values, label in zip(data.data, data.target):
        cells = [repr(float(v)) if v != int(v) else str(int(v)) for v in values]
        if labels is not None and not str(labels[0]).isdigit() and len(labels) > 0 and target == "class":
            cells.append(str(labels[int(label)]))
        else:
            cells.append(str(int(label)) if label == int(label) else repr(float(label)))
        rows.append(",".join(cells))
    (package / "tables" / f"{name}.csv").write_text("\n".join(rows) + "\n")
    return data


write("digits", datasets.load_digits, "class")
write("breast-cancer", datasets.load_breast_cancer, "class")
wine = write("wine", datasets.load_wine, "class")
# Raw values: scikit-learn's own are standardized already.
diabetes = write("diabetes", lambda: datasets.load_diabetes(scaled=False), "progression")

random = np.random.default_rng(0)


def rounded(values, places=3):
    return np.round(values, places)


def scaled():
    x = wine.data[:, :3]
    holes = x.copy()
    holes[[1, 5, 9], [0, 1, 2]] = np.nan
    return {
        "columns": [str(name) for name in wine.feature_names[:3]],
        "standard": preprocessing.StandardScaler().fit_transform(x)[:10].tolist(),
        "minmax": preprocessing.MinMaxScaler().fit_transform(x)[:10].tolist(),
        "holes": [[1, 0], [5, 1], [9, 2]],
        "mean": impute.SimpleImputer(strategy="mean").fit(holes).statistics_.tolist(),
        "median": impute.SimpleImputer(strategy="median").fit(holes).statistics_.tolist(),
    }


def encoded():
    towns = ["Ulm", "Bonn", "Trier", "Bonn", "Ulm", "Bonn"]
    values = np.array(towns).reshape(-1, 1)
    one_hot = preprocessing.OneHotEncoder(sparse_output=False, handle_unknown="ignore").fit(values)
    return {
        "towns": towns,
        "categories": one_hot.categories_[0].tolist(),
        "oneHot": one_hot.transform([["Bonn"], ["Ulm"], ["Rom"]]).tolist(),
        "ordinal": preprocessing.OrdinalEncoder().fit_transform(values)[:, 0].tolist(),
    }


def binary(count, tied):
    actual = random.integers(0, 2, count)
    scores = random.normal(size=count) + actual
    scores = rounded(scores, 1 if tied else 4)
    probability = 1 / (1 + np.exp(-scores))
    chosen = scores > 0
    return {
        "actual": actual.tolist(),
        "scores": scores.tolist(),
        "accuracy": metrics.accuracy_score(actual, chosen),
        "f1": metrics.f1_score(actual, chosen, zero_division=0),
        "rocAuc": metrics.roc_auc_score(actual, scores),
        "logLoss": metrics.log_loss(actual, probability, labels=[0, 1]),
    }


def multiclass(count, classes):
    actual = np.concatenate([np.arange(classes), random.integers(0, classes, count)])
    scores = rounded(random.normal(size=(len(actual), classes)), 3)
    scores[np.arange(len(actual)), actual] += 1
    probability = np.exp(scores - scores.max(1, keepdims=True))
    probability /= probability.sum(1, keepdims=True)
    chosen = scores.argmax(1)
    return {
        "classes": classes,
        "actual": actual.tolist(),
        "scores": scores.tolist(),
        "accuracy": metrics.accuracy_score(actual, chosen),
        "f1": metrics.f1_score(actual, chosen, average="macro", zero_division=0),
        "rocAuc": metrics.roc_auc_score(actual, probability, multi_class="ovr", average="macro"),
        "logLoss": metrics.log_loss(actual, probability),
    }


def multilabel(count, labels):
    actual = random.integers(0, 2, (count, labels))
    actual[0], actual[1] = 0, 1
    scores = rounded(random.normal(size=(count, labels)) + actual, 2)
    chosen = (scores > 0).astype(int)
    probability = 1 / (1 + np.exp(-scores))
    return {
        "labels": labels,
        "actual": actual.tolist(),
        "scores": scores.tolist(),
        "exact": metrics.accuracy_score(actual, chosen),
        "accuracy": 1 - metrics.hamming_loss(actual, chosen),
        "f1": metrics.f1_score(actual, chosen, average="macro", zero_division=0),
        "rocAuc": metrics.roc_auc_score(actual, scores, average="macro"),
        "logLoss": float(
            np.mean([metrics.log_loss(actual[:, k], probability[:, k], labels=[0, 1]) for k in range(labels)])
        ),
    }


def regression(count, outputs):
    actual = rounded(random.normal(size=(count, outputs)) * 3 + 1)
    predicted = rounded(actual + random.normal(size=(count, outputs)))
    return {
        "outputs": outputs,
        "actual": actual.tolist(),
        "predicted": predicted.tolist(),
        "rmse": metrics.root_mean_squared_error(actual, predicted),
        "mse": metrics.mean_squared_error(actual, predicted),
        "mae": metrics.mean_absolute_error(actual, predicted),
        "r2": metrics.r2_score(actual, predicted),
    }


def ridge():
    x, y = diabetes.data[:60], diabetes.target[:60]
    x = (x - x.mean(0)) / x.std(0)
    model = linear_model.Ridge(alpha=1.0).fit(x, y)
    return {"predicted": model.predict(x[:5]).tolist(), "weights": model.coef_.tolist(), "bias": float(model.intercept_)}


def weights():
    labels = [0] * 5 + [1] * 3 + [2] * 12
    return {
        "labels": labels,
        "balanced": utils.class_weight.compute_class_weight("balanced", classes=np.arange(3), y=labels).tolist(),
    }


(package / "golden" / "scikit-learn.json").write_text(
    json.dumps(
        {
            "scaled": scaled(),
            "encoded": encoded(),
            "binary": [binary(12, False), binary(80, True)],
            "multiclass": [multiclass(9, 3), multiclass(40, 7)],
            "multilabel": [multilabel(15, 4)],
            "regression": [regression(11, 1), regression(30, 3)],
            "ridge": ridge(),
            "weights": weights(),
        }
    )
    + "\n"
)


def formats():
    """One table in every columnar format and codec, and as JSON lines of what it holds."""
    import datetime

    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as parquet

    count = 40
    day = datetime.date(2020, 2, 27)
    columns = {
        "i32": pa.array([i - 20 for i in range(count)], pa.int32()),
        "i64": pa.array([None if i == 3 else i * 1_000_000_007 for i in range(count)], pa.int64()),
        "f32": pa.array([i / 4 for i in range(count)], pa.float32()),
        "f64": pa.array([None if i % 7 == 0 else i / 3 for i in range(count)], pa.float64()),
        "text": pa.array([None if i % 5 == 0 else f"é{i % 4}𝄞" * (i % 3) for i in range(count)]),
        "town": pa.array(["Bonn", "Ulm", None, "Bonn"] * (count // 4)).dictionary_encode(),
        "truth": pa.array([None if i == 9 else i % 3 == 0 for i in range(count)]),
        "day": pa.array([day + datetime.timedelta(days=i) for i in range(count)]),
    }
    table = pa.table(columns)
    folder = package / "tables" / "formats"
    folder.mkdir(exist_ok=True)
    for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
        parquet.write_table(table, folder / f"{codec}.parquet", compression=codec, row_group_size=16)
    parquet.write_table(table, folder / "v2.parquet", version="2.6", data_page_version="2.0", use_dictionary=False)
    deltas = {"i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED", "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT"}
    for name, text in [("deltas", "DELTA_BYTE_ARRAY"), ("lengths", "DELTA_LENGTH_BYTE_ARRAY")]:
        encodings = {**deltas, "text": text, "town": "PLAIN", "truth": "PLAIN", "day": "DELTA_BINARY_PACKED"}
        parquet.write_table(
            table, folder / f"{name}.parquet", use_dictionary=False, column_encoding=encodings, compression="none"
        )
    for codec in ["uncompressed", "lz4", "zstd"]:
        feather.write_feather(table, str(folder / f"{codec}.feather"), compression=codec, chunksize=16)
    with pa.ipc.new_stream(str(folder / "stream.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=16)
    parquet.write_table(pa.table({"list": [[1, 2], [3]]}), folder / "nested.parquet")
    lines = []
    for row in table.to_pylist():
        row["day"] = row["day"].isoformat() + "T00:00:00.000Z"
        lines.append(json.dumps(row, ensure_ascii=False))
    (folder / "same.jsonl").write_text("\n".join(lines) + "\n")


def arrow_types():
    """Every type of Arrow that a table can hold, and what the values are as JSON; lists, which none holds."""
    import datetime
    import decimal
    import gzip
    import io
    import struct

    import pyarrow as pa

    count = 12
    gone = {4, 9}
    stamps = [datetime.datetime(1969, 12, 31, 23, 59, 50) + datetime.timedelta(milliseconds=1500 * i) for i in range(count)]
    clocks = [datetime.time(0, i, 1) for i in range(count)]

    def some(values, kind):
        return pa.array([None if i in gone else v for i, v in enumerate(values)], kind)

    texts = [f"{'long ' * (i % 4)}é{i % 3}" for i in range(count)]
    decimals = [decimal.Decimal(f"{i - 6}.{i:02d}") * 7 for i in range(count)]
    columns = {
        **{f"i{b}": some([(-1) ** i * i * 2 ** (b - 6) for i in range(count)], f"int{b}") for b in [8, 16, 32]},
        **{f"u{b}": some([2**b - 1 - i for i in range(count)], f"uint{b}") for b in [8, 16, 32]},
        "i64": some([(-1) ** i * i * 2**40 for i in range(count)], pa.int64()),
        "large": some([2**63 + i for i in range(count)], pa.uint64()),
        "f16": some([0, -0.5, 65504, 2**-24, 0, 2**-14, 1.5, -3, 1e-5, 0, 7, 1000], pa.float16()),
        "nothing": pa.nulls(count),
        "large_text": some(texts, pa.large_string()),
        "view": some(texts, pa.string_view()),
        "named": some(texts, pa.string()).dictionary_encode(),
        "numbered": some([i % 3 / 2 for i in range(count)], pa.float64()).dictionary_encode(),
        "d128": some(decimals, pa.decimal128(12, 2)),
        "d256": some(decimals, pa.decimal256(50, 2)),
        "date64": some([s.date() for s in stamps], pa.date64()),
        **{f"at_{u}": some([s.replace(microsecond=0) if u == "s" else s for s in stamps], pa.timestamp(u)) for u in ["s", "ms", "us", "ns"]},
        "clock": some(clocks, pa.time32("s")),
        "fine_clock": some(clocks, pa.time64("us")),
        "took": some([datetime.timedelta(seconds=i) for i in range(count)], pa.duration("ms")),
    }
    table = pa.table(columns)
    folder = package / "tables" / "arrow"
    folder.mkdir(exist_ok=True)
    with pa.ipc.new_file(str(folder / "types.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    # Many values of few bytes each, to see how much memory they take.
    size = 1 << 14
    many = pa.table(
        {
            "small": pa.array([None if i % 7 == 3 else i % 5 for i in range(size)], pa.int8()),
            "truth": pa.array([i % 3 == 0 for i in range(size)], pa.bool_()),
            "none": pa.nulls(size),
            "word": pa.array([["red", "green", "blue"][i % 3] for i in range(size)]).dictionary_encode(),
            "float": pa.array([(i % 10) / 2 for i in range(size)], pa.float32()),
            "whole": pa.array([i % 100 for i in range(size)], pa.int16()),
        }
    )
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, many.schema) as writer:
        writer.write_table(many)
    (folder / "large.arrow.gz").write_bytes(gzip.compress(sink.getvalue(), 9, mtime=0))
    # Dictionaries that grow: a batch has what the one before has, and more.
    growing = pa.schema([("grows", pa.dictionary(pa.int8(), pa.string()))])
    parts = [["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]]
    for name, deltas in [("deltas", True), ("replaced", False)]:
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
        with pa.ipc.new_stream(str(folder / f"{name}.arrow"), growing, options=options) as writer:
            for part in parts:
                indices = pa.array([*range(len(part)), None], pa.int8())
                writer.write_batch(pa.record_batch([pa.DictionaryArray.from_arrays(indices, pa.array(part))], schema=growing))
    # What pyarrow writes and no reader may believe: values without bytes, texts that overlap, values that are not there.
    views = b"".join(struct.pack("<i4sii", 100, b"aaaa", 0, i) for i in range(32))
    lies = {
        "nulls": pa.nulls(10**9),
        "overlapping": pa.Array.from_buffers(pa.string_view(), 32, [None, pa.py_buffer(views), pa.py_buffer(b"a" * 140)]),
        "index": pa.DictionaryArray.from_arrays(pa.array([0, 2], pa.int8()), pa.array(["a", "b"]), safe=False),
        "offsets": pa.Array.from_buffers(
            pa.string(), 2, [None, pa.py_buffer(struct.pack("<iii", 0, 3, 2)), pa.py_buffer(b"abc")]
        ),
        "time": pa.array([2**62], pa.timestamp("s")),
        "utf8": pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(struct.pack("<ii", 0, 1)), pa.py_buffer(b"\xff")]),
    }
    for name, values in lies.items():
        lie = pa.table({"lie": values})
        with pa.ipc.new_file(str(folder / f"lie-{name}.arrow"), lie.schema) as writer:
            writer.write_table(lie, max_chunksize=10**9)
    lists = pa.table({"number": [1, 2], "list": [[1, 2], [3]]})
    with pa.ipc.new_stream(str(folder / "nested.arrow"), lists.schema) as writer:
        writer.write_table(lists)

    def plain(value, name):
        if value is None:
            return None
        if isinstance(value, decimal.Decimal):
            return float(value)
        if isinstance(value, datetime.datetime):
            return value.isoformat(timespec="milliseconds") + "Z"
        if isinstance(value, datetime.date):
            return value.isoformat() + "T00:00:00.000Z"
        if isinstance(value, datetime.time):
            seconds = value.minute * 60 + value.second
            return seconds * 1_000_000 if name == "fine_clock" else seconds
        if isinstance(value, datetime.timedelta):
            return round(value.total_seconds() * 1000)
        return str(value) if name == "large" else value

    lines = []
    for row in table.drop_columns(["at_ns"]).to_pylist():
        row["at_ns"] = row["at_us"]
        lines.append(json.dumps({name: plain(row[name], name) for name in table.column_names}, ensure_ascii=False))
    (folder / "types.jsonl").write_text("\n".join(lines) + "\n")


formats()
arrow_types()
