"""How many tokens a second of one processor PyTorch trains a model with against another one, for the row of recovery:
`python recovery.py LENGTH BATCH STEPS`, with torch and transformers installed. The models have the shape of SmolLM2-135M and the
weights of a seed; half of the student's weights stay 0. What is trained are its layers, by AdamW, on the divergence of its logits.
Prints {"tokensPerSecond": …}.
"""

import json
import sys
import time

import torch
import transformers as tf

length, batch, steps = map(int, sys.argv[1:])
torch.set_num_threads(1)
torch.manual_seed(0)
config = tf.LlamaConfig(
    vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
    num_key_value_heads=3, tie_word_embeddings=True, max_position_embeddings=8192, rope_theta=100000.0,
)  # fmt: skip
teacher = tf.LlamaForCausalLM(config).eval()
student = tf.LlamaForCausalLM(config)
student.load_state_dict(teacher.state_dict())
student.model.embed_tokens.weight.requires_grad_(False)
matrices = [own for name, own in student.named_parameters() if ".layers." in name and own.dim() == 2]
masks = [(torch.rand_like(own) < 0.5).float() for own in matrices]
trained = [own for own in student.parameters() if own.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0)


def hide():
    with torch.no_grad():
        for own, mask in zip(matrices, masks):
            own.mul_(mask)


def step():
    ids = torch.randint(0, config.vocab_size, (batch, length))
    with torch.no_grad():
        expected = torch.log_softmax(teacher(ids, use_cache=False).logits, -1)
    found = torch.log_softmax(student(ids, use_cache=False).logits, -1)
    loss = torch.nn.functional.kl_div(found, expected, log_target=True, reduction="sum") / (batch * length)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    hide()


hide()
step()
before = time.process_time()
for _ in range(steps):
    step()
print(json.dumps({"tokensPerSecond": batch * length * steps / (time.process_time() - before)}))
