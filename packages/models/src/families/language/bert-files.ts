/** BERT in config.json and in GGUF. */
import { ConfigError, type ModuleConfig } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { activationOf, nameOfActivation } from '../files/activations.ts';
import { bertLayers, bertOptions, bertParts, ggufBert, huggingFaceBert } from './bert.ts';
import { ofTraining } from '../files/huggingface-keys.ts';
import type { BeforeWriting, LanguageFamily, ModelToWrite, SaidModel } from '../files/file-family.ts';
import { partsOf } from '../files/module-parts.ts';
import type { Said } from '../files/said.ts';

/** More keys that change nothing here. */
const ignored = ['attention_probs_dropout_prob', 'classifier_dropout', 'hidden_dropout_prob', 'tie_word_embeddings'];
/** What stands above the hidden states, and numbers of positions that are saved as a tensor. */
const unused = [/^(bert\.)?pooler\./u, /^cls\./u, /^classifier\./u, /(^|\.)embeddings\.position_ids$/u];

function readConfig(said: Said, source: TensorSource): SaidModel {
  said.only('position_embedding_type', 'absolute');
  said.only('is_decoder', false);
  said.only('add_cross_attention', false);
  said.ignore(...ofTraining, ...ignored);
  const model: ModuleConfig = {
    type: 'bert',
    vocabulary: said.count('vocab_size', 30_522),
    width: said.count('hidden_size', 768),
    layers: said.count('num_hidden_layers', 12),
    heads: said.count('num_attention_heads', 12),
    hidden: said.count('intermediate_size', 3072),
    context: said.count('max_position_embeddings', 512),
    types: said.count('type_vocab_size', 2),
    epsilon: said.real('layer_norm_eps', 1e-12),
    activation: activationOf(said, 'hidden_act', 'gelu'),
  };
  const prefix = source.tensors.has('bert.embeddings.word_embeddings.weight') ? 'bert.' : '';
  return { model, parts: bertParts(model, huggingFaceBert(prefix)), prefix, unused };
}

function writeConfig(model: ModuleConfig, { prefix = '' }: BeforeWriting): ModelToWrite {
  const options = bertOptions(model);
  const act = nameOfActivation(options.activation ?? 'gelu');
  if (act === undefined) throw new ConfigError('bert.activation', 'has no name in config.json; take another one');
  const said: Description = {
    model_type: 'bert',
    architectures: ['BertModel'],
    vocab_size: options.vocabulary,
    hidden_size: options.width,
    num_hidden_layers: options.layers,
    num_attention_heads: options.heads,
    intermediate_size: options.hidden,
    max_position_embeddings: options.context,
    type_vocab_size: options.types ?? 2,
    layer_norm_eps: options.epsilon ?? 1e-12,
    hidden_act: act,
  };
  return { said, parts: bertParts(model, huggingFaceBert(prefix)) };
}

function readGguf(said: Said, source: TensorSource): SaidModel {
  said.only('bert.attention.causal', false);
  said.ignore('bert.pooling_type');
  const model: ModuleConfig = {
    type: 'bert',
    vocabulary: said.count('bert.vocab_size', source.tensors.get('token_embd.weight')?.shape[0]),
    width: said.count('bert.embedding_length'),
    layers: said.count('bert.block_count'),
    heads: said.count('bert.attention.head_count'),
    hidden: said.count('bert.feed_forward_length'),
    context: said.count('bert.context_length'),
    types: source.tensors.get('token_types.weight')?.shape[0] ?? 2,
    epsilon: said.single('bert.attention.layer_norm_epsilon'),
  };
  return { model, parts: bertParts(model, ggufBert), unused: [/^cls\./u] };
}

function writeGguf(model: ModuleConfig): ModelToWrite {
  const { activation = 'gelu', ...options } = bertOptions(model);
  if (nameOfActivation(activation) !== 'gelu')
    throw new ConfigError('bert.activation', 'is not gelu, and GGUF has no word for another');
  const said: Description = {
    'general.architecture': 'bert',
    'bert.block_count': options.layers,
    'bert.context_length': options.context,
    'bert.embedding_length': options.width,
    'bert.feed_forward_length': options.hidden,
    'bert.attention.head_count': options.heads,
    'bert.attention.layer_norm_epsilon': Math.fround(options.epsilon ?? 1e-12),
    'bert.attention.causal': false,
    'tokenizer.ggml.token_type_count': options.types ?? 2,
  };
  return { said, parts: bertParts(model, ggufBert) };
}

/** Sizes as a module has them. */
function bertSizes(config: ModuleConfig, block: ModuleConfig): Omit<ModuleConfig, 'type'> {
  const { embedding, attention, feedForward, types } = partsOf(config, block);
  return {
    vocabulary: embedding['count'],
    width: embedding['size'],
    heads: attention['heads'],
    hidden: feedForward['hidden'],
    types: types['count'],
  };
}

/** The family in both formats. */
export const bertFamily: LanguageFamily = {
  type: 'bert',
  gives: 'states',
  layers: bertLayers,
  sizes: bertSizes,
  huggingFace: { names: ['bert'], layersKey: 'num_hidden_layers', read: readConfig, write: writeConfig },
  gguf: { names: ['bert'], layersKey: 'bert.block_count', read: readGguf, write: writeGguf },
};
