"""Small models of families for @espalier/models: run `python tools/golden/families.py`, with torch 2.13.0, transformers 5.24.0,
gguf 0.19.0 and safetensors installed.

Writes packages/models/test/golden/families: for each model a folder as transformers saves it, a GGUF file of the same with the names
that gguf knows where there is an architecture, and what transformers makes of a few inputs (answers.json). Weights are drawn.
"""

import json
import pathlib
import shutil

import gguf
import numpy
import torch
import transformers as tf

tf.logging.set_verbosity_error()
FOLDER = pathlib.Path(__file__).parents[2] / "packages/models/test/golden/families"

DECODER = dict(
    vocab_size=13, num_hidden_layers=2, max_position_embeddings=16, initializer_range=0.4, rms_norm_eps=1e-5
)

MODELS = {
    # Three heads of queries for each of keys; an embedding that is the head.
    "llama": (
        tf.LlamaForCausalLM,
        tf.LlamaConfig(
            **DECODER,
            hidden_size=24,
            num_attention_heads=6,
            num_key_value_heads=2,
            intermediate_size=10,
            tie_word_embeddings=True,
            rope_parameters=dict(
                rope_type="llama3",
                rope_theta=500.0,
                factor=4.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=8,
            ),
        ),
        "llama",
    ),
    # One head of keys for all, heads of another width than features have, biases everywhere, a head of its own.
    "llama-biased": (
        tf.LlamaForCausalLM,
        tf.LlamaConfig(
            **DECODER,
            hidden_size=12,
            head_dim=8,
            num_attention_heads=2,
            num_key_value_heads=1,
            intermediate_size=7,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=False,
            rope_parameters=dict(rope_type="default", rope_theta=10000.0),
        ),
        "llama",
    ),
    "mistral": (
        tf.MistralForCausalLM,
        tf.MistralConfig(
            **DECODER,
            hidden_size=16,
            num_attention_heads=2,
            num_key_value_heads=2,
            intermediate_size=9,
            sliding_window=None,
            rope_parameters=dict(
                rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=8, mscale=0.7, mscale_all_dim=0.9
            ),
        ),
        None,
    ),
    "qwen2": (
        tf.Qwen2ForCausalLM,
        tf.Qwen2Config(
            **DECODER,
            hidden_size=16,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=9,
            tie_word_embeddings=True,
            rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0),
        ),
        "qwen2",
    ),
    "qwen3": (
        tf.Qwen3ForCausalLM,
        tf.Qwen3Config(
            **DECODER,
            hidden_size=12,
            head_dim=6,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=9,
            tie_word_embeddings=False,
            rope_parameters=dict(rope_type="default", rope_theta=10000.0),
        ),
        "qwen3",
    ),
    "gpt2": (
        tf.GPT2LMHeadModel,
        tf.GPT2Config(vocab_size=13, n_embd=12, n_layer=2, n_head=3, n_positions=16, n_inner=20, initializer_range=0.4),
        "gpt2",
    ),
    "bert": (
        tf.BertModel,
        tf.BertConfig(
            vocab_size=13,
            hidden_size=12,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=10,
            max_position_embeddings=16,
            initializer_range=0.4,
        ),
        "bert",
    ),
    "vit": (
        tf.ViTForImageClassification,
        tf.ViTConfig(
            hidden_size=12,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=10,
            image_size=6,
            patch_size=2,
            num_channels=2,
            num_labels=3,
            qkv_bias=False,
            initializer_range=0.4,
        ),
        None,
    ),
    # Windows in all layers, and in the second one alone.
    "mistral-window": (
        tf.MistralForCausalLM,
        tf.MistralConfig(
            **DECODER,
            hidden_size=16,
            num_attention_heads=2,
            num_key_value_heads=1,
            intermediate_size=9,
            sliding_window=4,
            rope_parameters=dict(rope_type="default", rope_theta=100.0),
        ),
        None,
    ),
    "qwen2-window": (
        tf.Qwen2ForCausalLM,
        tf.Qwen2Config(
            **DECODER,
            hidden_size=16,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=9,
            use_sliding_window=True,
            sliding_window=3,
            max_window_layers=1,
            rope_parameters=dict(rope_type="default", rope_theta=1000.0),
        ),
        None,
    ),
}


def digits(values):
    return [float(f"{value:.7g}") for value in values.detach().numpy().ravel()]


def answers(name, model, generator):
    if name == "vit":
        pixels = torch.randn(2, 2, 6, 6, generator=generator)
        return [dict(shape=list(pixels.shape), pixels=digits(pixels), output=digits(model(pixels).logits))]
    cases = []
    for batch, length in [(1, 1), (2, 5), (1, 11)]:
        ids = torch.randint(0, 13, (batch, length), generator=generator)
        more = {}
        if name == "bert":
            mask = torch.ones(batch, length, dtype=torch.long)
            mask[-1, max(1, length - 2) :] = 0
            more = dict(token_type_ids=torch.randint(0, 2, (batch, length), generator=generator), attention_mask=mask)
        gave = model(ids, **more)
        output = gave.last_hidden_state if name == "bert" else gave.logits
        case = dict(ids=ids.tolist(), output=digits(output))
        if more:
            case.update(types=more["token_type_ids"].tolist(), mask=more["attention_mask"].tolist())
        cases.append(case)
    return cases


def turned(rows, heads):
    """The rows of each head in turn, as llama.cpp has them."""
    shape = rows.shape
    return rows.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def write_gguf(path, architecture, model, config):
    kind = {value: key for key, value in gguf.MODEL_ARCH_NAMES.items()}[architecture]
    writer = gguf.GGUFWriter(path, architecture)
    layers = config.num_hidden_layers
    names = gguf.get_tensor_name_map(kind, layers)
    writer.add_block_count(layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_head_count(config.num_attention_heads)
    inner = getattr(config, "intermediate_size", None) or config.n_inner
    writer.add_feed_forward_length(inner)
    if architecture in ("gpt2", "bert"):
        writer.add_layer_norm_eps(getattr(config, "layer_norm_eps", None) or config.layer_norm_epsilon)
    else:
        rope = config.rope_parameters
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_freq_base(rope["rope_theta"])
        head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        writer.add_rope_dimension_count(head)
        if head != config.hidden_size // config.num_attention_heads:
            writer.add_key_length(head)
            writer.add_value_length(head)
        if rope["rope_type"] == "linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(rope["factor"])
        if rope["rope_type"] == "llama3":
            scaled = tf.modeling_rope_utils.ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")[0]
            plain = 1 / rope["rope_theta"] ** (torch.arange(0, head, 2).float() / head)
            writer.add_tensor("rope_freqs.weight", (plain / scaled).numpy().astype(numpy.float32))
    if architecture == "bert":
        writer.add_causal_attention(False)
        writer.add_token_type_count(config.type_vocab_size)
    writer.add_vocab_size(config.vocab_size)
    tied = getattr(config, "tie_word_embeddings", False) or architecture == "gpt2"
    for name, value in model.state_dict().items():
        if (tied and name.startswith("lm_head")) or name.startswith("pooler"):
            continue
        data = value.numpy()
        if architecture == "gpt2" and name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
            data = data.T.copy()
        if architecture == "llama" and ".q_proj." in name:
            data = turned(data, config.num_attention_heads)
        if architecture == "llama" and ".k_proj." in name:
            data = turned(data, config.num_key_value_heads)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), numpy.ascontiguousarray(data))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    said = {}
    for place, (name, (kind, config, architecture)) in enumerate(MODELS.items()):
        torch.manual_seed(place)
        model = kind(config).eval()
        generator = torch.Generator().manual_seed(place)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() == 1:
                    parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
        model.save_pretrained(FOLDER / name)
        if architecture:
            write_gguf(FOLDER / f"{name}.gguf", architecture, model, config)
        # As it is loaded: what turns by the length of a sequence has seen none.
        said[name] = answers(name, kind.from_pretrained(FOLDER / name).eval(), generator)
    text = json.dumps(said, indent=None, separators=(",", ":"))
    (FOLDER / "answers.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
