/** GPT-2 in config.json and in GGUF. */
import { ConfigError, type ModuleConfig } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { activationOf, nameOfActivation } from '../files/activations.ts';
import { ggufGpt2, gpt2Activation, gpt2Layers, gpt2Options, gpt2Parts, huggingFaceGpt2 } from './gpt2.ts';
import { ofTraining } from '../files/huggingface-keys.ts';
import type { BeforeWriting, LanguageFamily, ModelToWrite, SaidModel } from '../files/file-family.ts';
import { partsOf } from '../files/module-parts.ts';
import type { Said } from '../files/said.ts';

/** More keys that change nothing here. */
const ignored = [
  'attn_pdrop',
  'embd_pdrop',
  'n_ctx',
  'reorder_and_upcast_attn',
  'resid_pdrop',
  'summary_activation',
  'summary_first_dropout',
  'summary_proj_to_labels',
  'summary_type',
  'summary_use_proj',
  'task_specific_params',
];

function readConfig(said: Said, source: TensorSource): SaidModel {
  said.only('scale_attn_weights', true);
  said.only('scale_attn_by_inverse_layer_idx', false);
  said.only('add_cross_attention', false);
  said.ignore(...ofTraining, ...ignored);
  const width = said.count('n_embd', 768);
  const model: ModuleConfig = {
    type: 'gpt2',
    vocabulary: said.count('vocab_size', 50_257),
    width,
    layers: said.count('n_layer', 12),
    heads: said.count('n_head', 12),
    hidden: said.count('n_inner', 4 * width),
    context: said.count('n_positions', 1024),
    epsilon: said.real('layer_norm_epsilon', 1e-5),
    tied: said.truth('tie_word_embeddings', true),
    activation: activationOf(said, 'activation_function', 'gelu_new'),
  };
  const prefix = source.tensors.has('wte.weight') ? '' : 'transformer.';
  const unused = [/(^|\.)attn\.(masked_)?bias$/u, ...(model['tied'] === true ? [/^lm_head\.weight$/u] : [])];
  return { model, parts: gpt2Parts(model, huggingFaceGpt2(prefix)), prefix, unused };
}

function writeConfig(model: ModuleConfig, { prefix = 'transformer.' }: BeforeWriting): ModelToWrite {
  const options = gpt2Options(model);
  const act = nameOfActivation(options.activation ?? gpt2Activation);
  if (act === undefined) throw new ConfigError('gpt2.activation', 'has no name in config.json; take another one');
  const said: Description = {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    vocab_size: options.vocabulary,
    n_embd: options.width,
    n_layer: options.layers,
    n_head: options.heads,
    n_inner: options.hidden ?? 4 * options.width,
    n_positions: options.context,
    layer_norm_epsilon: options.epsilon ?? 1e-5,
    tie_word_embeddings: options.tied ?? true,
    activation_function: act,
  };
  return { said, parts: gpt2Parts(model, huggingFaceGpt2(prefix)) };
}

function readGguf(said: Said, source: TensorSource): SaidModel {
  const width = said.count('gpt2.embedding_length');
  const model: ModuleConfig = {
    type: 'gpt2',
    vocabulary: said.count('gpt2.vocab_size', source.tensors.get('token_embd.weight')?.shape[0]),
    width,
    layers: said.count('gpt2.block_count'),
    heads: said.count('gpt2.attention.head_count'),
    hidden: said.count('gpt2.feed_forward_length', 4 * width),
    context: said.count('gpt2.context_length'),
    epsilon: said.single('gpt2.attention.layer_norm_epsilon'),
    tied: !source.tensors.has('output.weight'),
  };
  return { model, parts: gpt2Parts(model, ggufGpt2) };
}

function writeGguf(model: ModuleConfig): ModelToWrite {
  const { activation = gpt2Activation, ...options } = gpt2Options(model);
  if (nameOfActivation(activation) !== nameOfActivation(gpt2Activation))
    throw new ConfigError('gpt2.activation', 'is not gelu in its form with tanh, and GGUF has no word for another');
  const said: Description = {
    'general.architecture': 'gpt2',
    'gpt2.block_count': options.layers,
    'gpt2.context_length': options.context,
    'gpt2.embedding_length': options.width,
    'gpt2.feed_forward_length': options.hidden ?? 4 * options.width,
    'gpt2.attention.head_count': options.heads,
    'gpt2.attention.layer_norm_epsilon': Math.fround(options.epsilon ?? 1e-5),
  };
  return { said, parts: gpt2Parts(model, ggufGpt2) };
}

/** Sizes as a module has them. */
function gpt2Sizes(config: ModuleConfig, block: ModuleConfig): Omit<ModuleConfig, 'type'> {
  const { embedding, attention, feedForward } = partsOf(config, block);
  return {
    vocabulary: embedding['count'],
    width: embedding['size'],
    heads: attention['heads'],
    hidden: feedForward['hidden'],
    tied: config['ties'] !== undefined,
  };
}

/** The family in both formats. */
export const gpt2Family: LanguageFamily = {
  type: 'gpt2',
  gives: 'logits',
  layers: gpt2Layers,
  sizes: gpt2Sizes,
  huggingFace: { names: ['gpt2'], layersKey: 'n_layer', read: readConfig, write: writeConfig },
  gguf: { names: ['gpt2'], layersKey: 'gpt2.block_count', read: readGguf, write: writeGguf },
};
