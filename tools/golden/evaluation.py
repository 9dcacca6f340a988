"""What transformers makes of texts, for @espalier/language: run `python tools/golden/evaluation.py`, with torch 2.13.0 and
transformers 5.24.0 installed, behind tools/golden/families.py.

Writes packages/language/test/golden/evaluation.json: perplexities of small models by both protocols, what two of them differ by, and
vectors of padded rows by both poolings. All sums are in doubles.
"""

import json
import math
import pathlib

import torch
import transformers as tf

ROOT = pathlib.Path(__file__).parents[2]
FAMILIES = ROOT / "packages/models/test/golden/families"

torch.manual_seed(14)
ids = torch.randint(0, 13, (75,))


def model(name, kind=tf.AutoModelForCausalLM):
    return kind.from_pretrained(FAMILIES / name, dtype=torch.float32).eval()


def log_probabilities(name, windows):
    with torch.no_grad():
        return model(name)(windows).logits.double().log_softmax(-1)


def scored(name, chunk, first, begin=None):
    """Log-probabilities at scored positions [n, vocabulary], and the tokens that came."""
    windows = ids[: len(ids) // chunk * chunk].reshape(-1, chunk)
    shown = windows.clone()
    if begin is not None:
        shown[:, 0] = begin
    found = log_probabilities(name, shown)[:, first : chunk - 1].reshape(-1, 13)
    return found, windows[:, first + 1 :].reshape(-1)


def losses(name, *rest):
    found, came = scored(name, *rest)
    return -found.gather(1, came[:, None])[:, 0]


def estimated(values):
    return {"mean": values.mean().item(), "standardError": (values.std() / math.sqrt(len(values))).item()}


answers = {"ids": ids.tolist(), "perplexities": []}
for name in ("llama", "qwen3", "gpt2"):
    for protocol, chunk, first in (("p1", 16, 8), ("p1", 9, 4), ("p2", 12, 0)):
        for begin in (None, 3) if protocol == "p1" else (None,):
            found = losses(name, chunk, first, begin)
            answers["perplexities"].append(
                {"name": name, "protocol": protocol, "chunk": chunk, "begin": begin, "tokens": len(found), **estimated(found)}
            )

# Probabilities of the tokens that came, and the mean of -ln p with its interval at 95 % by the means of four windows: Student's t.
by_token = losses("llama", 16, 8)
by_window = by_token.reshape(4, -1).mean(1)
reach = 3.182446305 * (by_window.std() / 2).item()
answers["tokens"] = {
    "name": "llama",
    "probabilities": (-by_token).exp().tolist(),
    "interval": {"low": by_window.mean().item() - reach, "high": by_window.mean().item() + reach},
}

base, came = scored("llama", 16, 8)
other, _ = scored("qwen2", 16, 8)
divergence = (base.exp() * (base - other)).sum(-1)
answers["comparison"] = {
    "names": ["llama", "qwen2"],
    "difference": estimated(losses("qwen2", 16, 8) - losses("llama", 16, 8)),
    "divergence": estimated(divergence),
    "worst": divergence.max().item(),
    "same": (base.argmax(-1) == other.argmax(-1)).sum().item(),
}

rows = [[1, 5, 6, 7, 2], [1, 9, 2], [1, 12, 4, 4, 11, 8, 3, 2], [1, 5, 6, 8, 2]]
length = max(map(len, rows))
mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
padded = torch.tensor([row + [0] * (length - len(row)) for row in rows])
with torch.no_grad():
    states = model("bert", tf.AutoModel)(input_ids=padded, attention_mask=mask).last_hidden_state.double()
mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
answers["vectors"] = {
    "rows": rows,
    "mean": torch.nn.functional.normalize(mean, dim=1).flatten().tolist(),
    "cls": states[:, 0].flatten().tolist(),
}

target = ROOT / "packages/language/test/golden/evaluation.json"
target.write_text(json.dumps(json.loads(json.dumps(answers), parse_float=lambda x: round(float(x), 9))) + "\n")
