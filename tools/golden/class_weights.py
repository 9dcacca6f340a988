"""What scikit-learn and PyTorch make of class weights: `python tools/golden/class_weights.py`, with torch 2.13.0, numpy and
scikit-learn 1.9.1 installed.

Balanced weights of labels (`compute_class_weight`), cross-entropy with them in doubles (`CrossEntropyLoss(weight=...)`, its mean over
the weights of the targets) with the gradient, and a distillation whose labels are weighted, into
packages/optimize/test/golden/class-weights.json.
"""

import json
import pathlib

import numpy
import torch
from sklearn.utils.class_weight import compute_class_weight

torch.manual_seed(5)
draw = numpy.random.default_rng(5)
cases = []
for classes, rows, temperature, alpha in [(2, 7, 4.0, 0.9), (3, 12, 1.0, 0.5), (5, 9, 2.0, 0.0)]:
    labels = draw.integers(0, classes, rows)
    labels[:classes] = numpy.arange(classes)
    weight = compute_class_weight("balanced", classes=numpy.arange(classes), y=labels)
    student = torch.randn(rows, classes, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(rows, classes, dtype=torch.float64)
    hard = torch.nn.CrossEntropyLoss(weight=torch.tensor(weight))(student, torch.tensor(labels))
    (gradient,) = torch.autograd.grad(hard, student, retain_graph=True)
    soft = torch.nn.functional.kl_div(
        (student / temperature).log_softmax(1), (teacher / temperature).log_softmax(1), log_target=True, reduction="batchmean"
    )
    mixed = (1 - alpha) * hard + alpha * temperature**2 * soft
    (mixed_gradient,) = torch.autograd.grad(mixed, student)
    cases.append(
        {
            "labels": labels.tolist(),
            "weight": weight.tolist(),
            "student": student.tolist(),
            "teacher": teacher.tolist(),
            "loss": hard.item(),
            "gradient": gradient.tolist(),
            "temperature": temperature,
            "alpha": alpha,
            "mixed": mixed.item(),
            "mixedGradient": mixed_gradient.tolist(),
        }
    )
target = pathlib.Path("packages/optimize/test/golden/class-weights.json")
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps(cases) + "\n")
