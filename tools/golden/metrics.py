"""Golden values for the metrics of @espalier/nn: run `python tools/golden/metrics.py`, with scikit-learn 1.9.1 installed.

Writes packages/nn/test/golden/scikit-learn.json: labels and scores, and what scikit-learn makes of them with
zero_division=0. Sets in which classes are missing from labels, from predictions, or from both are among them.
"""

import json
import pathlib

import numpy as np
from sklearn import metrics

random = np.random.default_rng(0)


def case(classes, actual, scores):
    actual = np.asarray(actual)
    scores = np.round(scores, 3)
    predicted = scores.argmax(1)
    averaged = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}
    every = list(range(classes))
    return {
        "classes": classes,
        "actual": actual.tolist(),
        "scores": scores.tolist(),
        "accuracy": metrics.accuracy_score(actual, predicted),
        "confusion": metrics.confusion_matrix(actual, predicted, labels=every).tolist(),
        "perClass": {
            name: score(actual, predicted, labels=every, average=None, zero_division=0).tolist()
            for name, score in averaged.items()
        },
        "macro": {name: score(actual, predicted, average="macro", zero_division=0) for name, score in averaged.items()},
        "micro": {name: score(actual, predicted, average="micro", zero_division=0) for name, score in averaged.items()},
        "top2": metrics.top_k_accuracy_score(actual, scores, k=2, labels=every) if classes > 2 else 1.0,
    }


def leaning(classes, count, labels, choices):
    """Scores of so many examples whose labels are among some classes, and whose predictions are among others."""
    scores = random.random((count, classes))
    scores[:, choices] += 2
    return case(classes, random.choice(labels, count), scores)


cases = [
    leaning(2, 9, [0, 1], [0, 1]),
    leaning(4, 25, [0, 1, 2, 3], [0, 1, 2, 3]),
    leaning(10, 30, [0, 1, 2], [0, 1, 2]),
    leaning(6, 20, [1, 4], [0, 1]),
    leaning(5, 12, [0, 1], [3, 4]),
    leaning(3, 7, [2], [2]),
    leaning(3, 1, [0], [1]),
]
cases.append(case(10, [0, 1, 2, 2], np.eye(10)[[0, 1, 2, 2]]))
path = pathlib.Path(__file__).parents[2] / "packages/nn/test/golden/scikit-learn.json"
path.write_text(json.dumps(cases) + "\n")
