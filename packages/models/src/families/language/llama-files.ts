/** Llama, Mistral, Qwen 2 and Qwen 3 in config.json and in GGUF. */
import { ConfigError, rotaryFrequencies, type ModuleConfig, type RotaryOptions } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import { readTensor } from '../../tensors/read-tensor.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { activationOf, nameOfActivation } from '../files/activations.ts';
import { ofTraining } from '../files/huggingface-keys.ts';
import type { BeforeWriting, LanguageFamily, ModelToWrite, SaidModel } from '../files/file-family.ts';
import { ggufLlama, huggingFaceLlama, llamaLayers, llamaOptions, llamaParts } from './llama.ts';
import { configOfRotary, rotaryOfConfig } from './rotary.ts';
import { rotaryOfGguf, ggufOfRotary } from './rotary-gguf.ts';
import { configOfWindows, ggufOfWindows, windowsOf, windowsOfConfig, windowsOfGguf } from './windows.ts';
import { partsOf } from '../files/module-parts.ts';
import type { Said } from '../files/said.ts';

/** More keys that change nothing here. */
const ignored = ['attention_dropout', 'is_llama_config', 'pretraining_tp'];

/** What differs between the types of models. */
const huggingFaceTypes: Readonly<Record<string, (said: Said) => Description>> = {
  llama: (said) => ({ bias: said.truth('attention_bias', false), feedForwardBias: said.truth('mlp_bias', false) }),
  mistral: () => ({}),
  qwen2: () => ({ bias: 'inputs' }),
  qwen3: (said) => ({ bias: said.truth('attention_bias', false), headNorm: true }),
};

function readConfig(said: Said, source: TensorSource, type: string): SaidModel {
  const [width, heads] = [said.count('hidden_size'), said.count('num_attention_heads')];
  const headWidth = said.count('head_dim', width / heads);
  const context = said.count('max_position_embeddings', 2048);
  const layers = said.count('num_hidden_layers');
  said.only('rope_interleaved', false);
  said.ignore(...ofTraining, ...ignored);
  const model: ModuleConfig = {
    type: 'llama',
    vocabulary: said.count('vocab_size'),
    width,
    layers,
    heads,
    keyValueHeads: said.count('num_key_value_heads', heads),
    headWidth,
    hidden: said.count('intermediate_size'),
    context,
    epsilon: said.real('rms_norm_eps', 1e-6),
    rotary: rotaryOfConfig(said, { headWidth, context }),
    tied: said.truth('tie_word_embeddings', false),
    activation: activationOf(said, 'hidden_act', 'silu'),
    bias: false,
    feedForwardBias: false,
    headNorm: false,
    ...windowsOfConfig(said, { type, layers, context }),
    ...huggingFaceTypes[type]?.(said),
  };
  const prefix = source.tensors.has('embed_tokens.weight') ? '' : 'model.';
  return {
    model,
    parts: llamaParts(model, huggingFaceLlama(prefix)),
    prefix,
    unused: [/(^|\.)rotary_emb\.inv_freq$/u, ...(model['tied'] === true ? [/^lm_head\.weight$/u] : [])],
  };
}

/** Which of the types of models in a format has what a model has. */
function typeFor(model: ModuleConfig, before: string | undefined): string {
  const { bias = false, headNorm = false, feedForwardBias = false, window = 0 } = llamaOptions(model);
  if (headNorm) return 'qwen3';
  if (bias === 'inputs') return 'qwen2';
  return (before === 'mistral' || window > 0) && !bias && !feedForwardBias ? 'mistral' : 'llama';
}

function writeConfig(model: ModuleConfig, { said: before, prefix = 'model.' }: BeforeWriting): ModelToWrite {
  const options = llamaOptions(model);
  const { heads, width, headWidth = width / heads, bias = false, activation = 'silu', rotary = {} } = options;
  const type = typeFor(model, before);
  const act = nameOfActivation(activation);
  if (act === undefined) throw new ConfigError('llama.activation', 'has no name in config.json; take another one');
  if (type === 'qwen3' && options.feedForwardBias)
    throw new ConfigError('llama.feedForwardBias', 'is true, which models with norms of heads have no word for');
  const said: Description = {
    model_type: type,
    architectures: [
      {
        llama: 'LlamaForCausalLM',
        mistral: 'MistralForCausalLM',
        qwen2: 'Qwen2ForCausalLM',
        qwen3: 'Qwen3ForCausalLM',
      }[type] ?? type,
    ],
    vocab_size: options.vocabulary,
    hidden_size: width,
    num_hidden_layers: options.layers,
    num_attention_heads: heads,
    num_key_value_heads: options.keyValueHeads ?? heads,
    head_dim: headWidth,
    intermediate_size: options.hidden,
    max_position_embeddings: options.context,
    rms_norm_eps: options.epsilon ?? 1e-6,
    rope_parameters: configOfRotary(rotary, headWidth),
    tie_word_embeddings: options.tied ?? false,
    hidden_act: act,
    ...(type === 'llama' && { attention_bias: bias, mlp_bias: options.feedForwardBias ?? false }),
    ...(type === 'qwen3' && { attention_bias: bias }),
    ...configOfWindows(options, type, options.layers),
  };
  return { said, parts: llamaParts(model, huggingFaceLlama(prefix)) };
}

/** What differs between the architectures of GGUF. */
const architectures: Readonly<Record<string, { readonly turns: boolean; readonly headNorm: boolean }>> = {
  llama: { turns: true, headNorm: false },
  qwen2: { turns: false, headNorm: false },
  qwen3: { turns: false, headNorm: true },
};

async function readGguf(said: Said, source: TensorSource, architecture: string): Promise<SaidModel> {
  const { turns, headNorm } = architectures[architecture] ?? { turns: false, headNorm: false };
  const key = (name: string): string => `${architecture}.${name}`;
  const [width, heads] = [said.count(key('embedding_length')), said.count(key('attention.head_count'))];
  const headWidth = said.count(key('attention.key_length'), width / heads);
  said.only(key('attention.value_length'), headWidth, undefined);
  said.only(key('expert_count'), 0);
  const context = said.count(key('context_length'));
  const factors = source.tensors.has('rope_freqs.weight')
    ? await (await readTensor(source, 'rope_freqs.weight')).data()
    : undefined;
  const rotary = rotaryOfGguf(said, architecture, {
    headWidth,
    context,
    factors: factors && Array.from(factors as Float32Array),
  });
  if (turns && rotary.width !== 0)
    said.refuse(
      key('rope.dimension_count'),
      `is ${rotary.width}, and heads are ${headWidth} wide; only whole heads are turned in this architecture`,
    );
  const has = (name: string): boolean => source.tensors.has(name);
  const model: ModuleConfig = {
    type: 'llama',
    vocabulary: said.count(key('vocab_size'), source.tensors.get('token_embd.weight')?.shape[0]),
    width,
    layers: said.count(key('block_count')),
    heads,
    keyValueHeads: said.count(key('attention.head_count_kv'), heads),
    headWidth,
    hidden: said.count(key('feed_forward_length')),
    context,
    epsilon: said.single(key('attention.layer_norm_rms_epsilon')),
    rotary,
    tied: !has('output.weight'),
    bias: has('blk.0.attn_q.bias') ? (has('blk.0.attn_output.bias') ? true : 'inputs') : false,
    feedForwardBias: has('blk.0.ffn_up.bias'),
    headNorm,
    ...windowsOfGguf(said, architecture, context),
  };
  return { model, parts: llamaParts(model, ggufLlama(turns)), unused: [/^rope_freqs\.weight$/u] };
}

function writeGguf(model: ModuleConfig, { said: before }: BeforeWriting): ModelToWrite {
  const options = llamaOptions(model);
  const { heads, width, headWidth = width / heads, rotary = {}, bias = false, activation = 'silu' } = options;
  if (activation !== 'silu') throw new ConfigError('llama.activation', 'is not silu, which GGUF has no word for');
  const architecture = options.headNorm ? 'qwen3' : bias === 'inputs' && before !== 'llama' ? 'qwen2' : 'llama';
  const { turns } = architectures[architecture] as { readonly turns: boolean };
  const of = (said: Description): Description =>
    Object.fromEntries(Object.entries(said).map(([name, value]) => [`${architecture}.${name}`, value]));
  const said: Description = {
    'general.architecture': architecture,
    ...of({
      block_count: options.layers,
      context_length: options.context,
      embedding_length: width,
      feed_forward_length: options.hidden,
      'attention.head_count': heads,
      'attention.head_count_kv': options.keyValueHeads ?? heads,
      'attention.layer_norm_rms_epsilon': Math.fround(options.epsilon ?? 1e-6),
      vocab_size: options.vocabulary,
      ...(headWidth !== width / heads && { 'attention.key_length': headWidth, 'attention.value_length': headWidth }),
      ...ggufOfRotary(rotary, headWidth),
      ...ggufOfWindows(options),
    }),
  };
  const factors = factorsOf(rotary, headWidth);
  return {
    said,
    parts: llamaParts(model, ggufLlama(turns)),
    ...(factors && { extra: new Map([['rope_freqs.weight', factors]]) }),
  };
}

/** What frequencies are divided by, pair by pair, where GGUF has a tensor of that. */
function factorsOf(rotary: RotaryOptions, headWidth: number): readonly number[] | undefined {
  const { scaling } = rotary;
  if (scaling?.type !== 'llama3' && scaling?.type !== 'factors') return undefined;
  const plain = rotaryFrequencies({ ...rotary, scaling: null }, headWidth).frequencies;
  const scaled = rotaryFrequencies(rotary, headWidth).frequencies;
  return Array.from(plain, (each, pair) => each / (scaled[pair] as number));
}

/** Sizes as a module has them. */
function llamaSizes(
  config: ModuleConfig,
  block: ModuleConfig,
  blocks: readonly ModuleConfig[],
): Omit<ModuleConfig, 'type'> {
  const { embedding, attention, feedForward } = partsOf(config, block);
  const windows = blocks.map((each) => Number(partsOf(config, each).attention['window'] ?? 0));
  const { window = 0, windowLayers } = windowsOf(
    Math.max(...windows),
    windows.map((each) => each > 0),
  );
  return {
    vocabulary: embedding['count'],
    width: embedding['size'],
    heads: attention['heads'],
    keyValueHeads: attention['keyValueHeads'],
    headWidth: attention['headWidth'],
    hidden: feedForward['hidden'],
    tied: config['ties'] !== undefined,
    window: window === 0 ? undefined : window,
    windowLayers,
  };
}

/** The family in both formats. */
export const llamaFamily: LanguageFamily = {
  type: 'llama',
  gives: 'logits',
  layers: llamaLayers,
  sizes: llamaSizes,
  huggingFace: {
    names: Object.keys(huggingFaceTypes),
    layersKey: 'num_hidden_layers',
    read: readConfig,
    write: writeConfig,
  },
  gguf: { names: Object.keys(architectures), layersKey: 'A.block_count', read: readGguf, write: writeGguf },
};
