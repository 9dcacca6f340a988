"""What transformers makes of sentences, for the rows of MiniLM: `python minilm.py MODEL SENTENCES OUT`, with torch, transformers, onnx and
onnxscript installed. Writes OUT/vectors.f32, one row a line of SENTENCES, and OUT/model.onnx, the same model for ONNX Runtime.
"""

import pathlib
import sys

import torch
import transformers as tf

folder, sentences, out = map(pathlib.Path, sys.argv[1:])
torch.set_num_threads(1)
tokenizer = tf.AutoTokenizer.from_pretrained(folder)
model = tf.AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
out.mkdir(parents=True, exist_ok=True)

vectors = []
with torch.no_grad():
    for line in sentences.read_text("utf-8").splitlines():
        given = tokenizer(line, return_tensors="pt", truncation=True, max_length=256, padding=False)
        states = model(**given).last_hidden_state.double()
        vectors.append(torch.nn.functional.normalize(states.mean(1), dim=1).float())
torch.cat(vectors).numpy().tofile(out / "vectors.f32")


class States(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids, attention_mask, token_type_ids).last_hidden_state


names = ["input_ids", "attention_mask", "token_type_ids"]
ones = tuple(torch.ones(2, 8, dtype=torch.int64) for _ in names)
torch.onnx.export(
    States(), ones, out / "model.onnx", input_names=names, output_names=["states"], opset_version=17, dynamo=False,
    dynamic_axes={name: {0: "batch", 1: "length"} for name in [*names, "states"]},
)  # fmt: skip
