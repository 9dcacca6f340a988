/** BERT. Source: J. Devlin et al., "BERT: pre-training of deep bidirectional transformers", 2018, arXiv:1810.04805. */
import type { ModuleConfig } from '@espalier/nn';
import type { TensorPart } from '../../tensors/parts.ts';
import type { Family } from '../family.ts';
import { aCount, familyOptions, type OptionRulesOf } from '../options.ts';
import { textNeeded, textRules, type TextModel } from './text-options.ts';
import { justWeight, putPart, weightAndBias } from '../files/part-list.ts';

/** A model of the family in few words. */
export interface Bert extends TextModel {
  /** Features between the linear layers of the feed-forward part. */
  readonly hidden: number;
  /** How many kinds of tokens there are. Default: 2. */
  readonly types?: number;
}

const rules: OptionRulesOf<Bert> = {
  ...textRules,
  hidden: aCount,
  types: aCount,
};

/**
 * The options of a description.
 * @throws {ConfigError} for wrong ones.
 */
export function bertOptions(config: ModuleConfig): Bert {
  return familyOptions<Bert>(config, rules, [...textNeeded, 'hidden']);
}

/** The layers of a model. */
export function bertLayers(config: ModuleConfig): ModuleConfig {
  const {
    vocabulary,
    width,
    layers,
    heads,
    hidden,
    context,
    types = 2,
    epsilon = 1e-12,
    activation = 'gelu',
  } = bertOptions(config);
  const norm: ModuleConfig = { type: 'layer-norm', shape: width, epsilon };
  const after = { type: 'residual', order: 'after', norm };
  const block: ModuleConfig = {
    type: 'transformer-block',
    attention: { ...after, body: { type: 'self-attention', width, heads } },
    feedForward: { ...after, body: { type: 'feed-forward', width, hidden, activation } },
  };
  return {
    type: 'text-encoder',
    embedding: { type: 'embedding', count: vocabulary, size: width },
    positions: { type: 'position-embedding', count: context, size: width },
    types: { type: 'embedding', count: types, size: width },
    norm,
    layers: { type: 'sequential', layers: Array.from({ length: layers }, () => block) },
  };
}

/** How a format calls the tensors. */
export interface BertNames {
  readonly embedding: string;
  readonly positions: string;
  readonly types: string;
  readonly norm: string;
  /** Before the number of a layer. */
  readonly layer: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly out: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly feedForwardNorm: string;
}

/** In a folder of Hugging Face, with what stands before all names. */
export const huggingFaceBert = (prefix: string): BertNames => ({
  embedding: `${prefix}embeddings.word_embeddings`,
  positions: `${prefix}embeddings.position_embeddings`,
  types: `${prefix}embeddings.token_type_embeddings`,
  norm: `${prefix}embeddings.LayerNorm`,
  layer: `${prefix}encoder.layer.`,
  query: 'attention.self.query',
  key: 'attention.self.key',
  value: 'attention.self.value',
  out: 'attention.output.dense',
  attentionNorm: 'attention.output.LayerNorm',
  up: 'intermediate.dense',
  down: 'output.dense',
  feedForwardNorm: 'output.LayerNorm',
});

/** In GGUF. */
export const ggufBert: BertNames = {
  embedding: 'token_embd',
  positions: 'position_embd',
  types: 'token_types',
  norm: 'token_embd_norm',
  layer: 'blk.',
  query: 'attn_q',
  key: 'attn_k',
  value: 'attn_v',
  out: 'attn_output',
  attentionNorm: 'attn_output_norm',
  up: 'ffn_up',
  down: 'ffn_down',
  feedForwardNorm: 'layer_output_norm',
};

/** Where the tensors of a model are in a file. */
export function bertParts(config: ModuleConfig, names: BertNames): Map<string, TensorPart> {
  const parts = new Map<string, TensorPart>();
  for (const own of ['embedding', 'positions', 'types'] as const) putPart(parts, own, { name: names[own] }, justWeight);
  putPart(parts, 'norm', { name: names.norm }, weightAndBias);
  for (let layer = 0; layer < bertOptions(config).layers; layer++) {
    const put = (own: string, theirs: string): void =>
      putPart(parts, `layers.${layer}.${own}`, { name: `${names.layer}${layer}.${theirs}` }, weightAndBias);
    put('attention.norm', names.attentionNorm);
    for (const each of ['query', 'key', 'value', 'out'] as const) put(`attention.body.${each}`, names[each]);
    put('feedForward.norm', names.feedForwardNorm);
    for (const each of ['up', 'down'] as const) put(`feedForward.body.${each}`, names[each]);
  }
  return parts;
}

/** `{ type: 'bert', vocabulary, width, layers, heads, hidden, context, … }`, named as Hugging Face does. */
export const bert: Family = {
  type: 'bert',
  members: {},
  describe: (config) => {
    const parts = bertParts(config, huggingFaceBert(''));
    return { config: bertLayers(config), names: new Map([...parts].map(([own, { name }]) => [own, name])) };
  },
};
