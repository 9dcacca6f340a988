/** GPT-2. Source: A. Radford et al., "Language models are unsupervised multitask learners", 2019. */
import type { ModuleConfig } from '@espalier/nn';
import type { TensorPart } from '../../tensors/parts.ts';
import type { Family } from '../family.ts';
import { aCount, aTruth, familyOptions, type OptionRulesOf } from '../options.ts';
import { textNeeded, textRules, type TextModel } from './text-options.ts';
import { justWeight, putPart, weightAndBias } from '../files/part-list.ts';

/** A model of the family in few words. */
export interface Gpt2 extends TextModel {
  /** Features between the linear layers of the feed-forward part. Default: 4 · width. */
  readonly hidden?: number;
  /** Whether the head is the embedding. Default: true. */
  readonly tied?: boolean;
}

const rules: OptionRulesOf<Gpt2> = {
  ...textRules,
  hidden: aCount,
  tied: aTruth,
};

/**
 * The options of a description.
 * @throws {ConfigError} for wrong ones.
 */
export function gpt2Options(config: ModuleConfig): Gpt2 {
  return familyOptions<Gpt2>(config, rules, textNeeded);
}

/** The activation function where nothing is said. */
export const gpt2Activation: ModuleConfig = { type: 'gelu', approximate: 'tanh' };

/** The layers of a model. */
export function gpt2Layers(config: ModuleConfig): ModuleConfig {
  const {
    vocabulary,
    width,
    layers,
    heads,
    hidden = 4 * width,
    context,
    epsilon = 1e-5,
    tied = true,
    activation = gpt2Activation,
  } = gpt2Options(config);
  const norm: ModuleConfig = { type: 'layer-norm', shape: width, epsilon };
  const block: ModuleConfig = {
    type: 'transformer-block',
    attention: { type: 'residual', norm, body: { type: 'self-attention', width, heads, causal: true } },
    feedForward: { type: 'residual', norm, body: { type: 'feed-forward', width, hidden, activation } },
  };
  return {
    type: 'causal-language-model',
    embedding: { type: 'embedding', count: vocabulary, size: width },
    positions: { type: 'position-embedding', count: context, size: width },
    layers: { type: 'sequential', layers: Array.from({ length: layers }, () => block) },
    norm,
    head: { type: 'linear', in: width, out: vocabulary, bias: false },
    ...(tied && { ties: { 'head.weight': 'embedding.weight' } }),
  };
}

/** How a format calls the tensors. */
export interface Gpt2Names {
  readonly embedding: string;
  readonly positions: string;
  readonly norm: string;
  readonly head: string;
  /** Before the number of a layer. */
  readonly layer: string;
  readonly attentionNorm: string;
  /** Queries, keys and values as the rows of one. */
  readonly inputs: string;
  readonly out: string;
  readonly feedForwardNorm: string;
  readonly up: string;
  readonly down: string;
  /** Whether weights of layers are [in, out]. */
  readonly transposed: boolean;
}

/** In a folder of Hugging Face, with what stands before the names of layers. */
export const huggingFaceGpt2 = (prefix: string): Gpt2Names => ({
  embedding: `${prefix}wte`,
  positions: `${prefix}wpe`,
  norm: `${prefix}ln_f`,
  head: 'lm_head',
  layer: `${prefix}h.`,
  attentionNorm: 'ln_1',
  inputs: 'attn.c_attn',
  out: 'attn.c_proj',
  feedForwardNorm: 'ln_2',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
  transposed: true,
});

/** In GGUF. */
export const ggufGpt2: Gpt2Names = {
  embedding: 'token_embd',
  positions: 'position_embd',
  norm: 'output_norm',
  head: 'output',
  layer: 'blk.',
  attentionNorm: 'attn_norm',
  inputs: 'attn_qkv',
  out: 'attn_output',
  feedForwardNorm: 'ffn_norm',
  up: 'ffn_up',
  down: 'ffn_down',
  transposed: false,
};

/** Where the tensors of a model are in a file. */
export function gpt2Parts(config: ModuleConfig, names: Gpt2Names): Map<string, TensorPart> {
  const { layers, width, tied = true } = gpt2Options(config);
  const parts = new Map<string, TensorPart>();
  putPart(parts, 'embedding', { name: names.embedding }, justWeight);
  putPart(parts, 'positions', { name: names.positions }, justWeight);
  const { transposed } = names;
  for (let layer = 0; layer < layers; layer++) {
    const put = (own: string, theirs: string, part: Omit<TensorPart, 'name'> = {}): void =>
      putPart(parts, `layers.${layer}.${own}`, { name: `${names.layer}${layer}.${theirs}`, ...part }, weightAndBias);
    put('attention.norm', names.attentionNorm);
    for (const [index, each] of ['query', 'key', 'value'].entries())
      put(`attention.body.${each}`, names.inputs, { transposed, rows: [index * width, width] });
    put('attention.body.out', names.out, { transposed });
    put('feedForward.norm', names.feedForwardNorm);
    put('feedForward.body.up', names.up, { transposed });
    put('feedForward.body.down', names.down, { transposed });
  }
  putPart(parts, 'norm', { name: names.norm }, weightAndBias);
  if (!tied) putPart(parts, 'head', { name: names.head }, justWeight);
  return parts;
}

/** `{ type: 'gpt2', vocabulary, width, layers, heads, context, … }`, named as Hugging Face does. */
export const gpt2: Family = {
  type: 'gpt2',
  members: {},
  describe: (config) => {
    const parts = gpt2Parts(config, huggingFaceGpt2('transformer.'));
    return { config: gpt2Layers(config), names: new Map([...parts].map(([own, { name }]) => [own, name])) };
  },
};
