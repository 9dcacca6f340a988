"""What is left of scores behind the processors of transformers, in their order.

pip install torch==2.13.0 transformers==5.24.0; python tools/golden/sampling.py > packages/language/test/golden/sampling.json
"""
import json
import random

import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

draws = random.Random(1)
cases = []
for case in range(40):
    vocabulary = draws.choice([5, 12, 20])
    # Multiples of 1/8, exact in any float; every third case has equals.
    scores = [draws.randrange(-32, 32) / (8 if case % 3 else 4) for _ in range(vocabulary)]
    seen = [draws.randrange(vocabulary) for _ in range(draws.choice([1, 3, 8]))]
    options = {
        "repetitionPenalty": draws.choice([1, 1, 1.25, 2]),
        "temperature": draws.choice([1, 0.5, 2]),
        "topK": draws.choice([0, 0, 1, 3, 7]),
        "topP": draws.choice([1, 1, 0.5, 0.9]) if case % 3 else 1,
        "minP": draws.choice([0, 0, 0.05, 0.3]),
    }
    ids, left = torch.tensor([seen]), torch.tensor([scores], dtype=torch.float64)
    if options["repetitionPenalty"] != 1:
        left = RepetitionPenaltyLogitsProcessor(float(options["repetitionPenalty"]))(ids, left)
    left = TemperatureLogitsWarper(float(options["temperature"]))(ids, left)
    if options["topK"]:
        left = TopKLogitsWarper(options["topK"])(ids, left)
    if options["topP"] < 1:
        left = TopPLogitsWarper(options["topP"])(ids, left)
    if options["minP"]:
        left = MinPLogitsWarper(options["minP"])(ids, left)
    shares = left.softmax(-1)[0].tolist()
    cases.append({"scores": scores, "seen": seen, "options": options, "shares": [round(share, 9) for share in shares]})
print(json.dumps(cases, separators=(",", ":")))
