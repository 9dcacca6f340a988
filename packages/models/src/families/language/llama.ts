/**
 * Llama and what differs from it by a few fields: Mistral, Qwen 2 and Qwen 3. Sources: H. Touvron et al., "LLaMA", 2023; Qwen
 * team, "Qwen2 technical report", 2024, and "Qwen3 technical report", 2025.
 */
import type { ModuleConfig, RotaryOptions } from '@espalier/nn';
import type { Family, FamilyMember } from '../family.ts';
import { aCount, anyJson, aTruth, familyOptions, oneOf, type OptionRule, type OptionRulesOf } from '../options.ts';
import { textNeeded, textRules, type TextModel } from './text-options.ts';
import type { TensorPart } from '../../tensors/parts.ts';
import { hasWindow } from './windows.ts';
import { justWeight, putPart, weightAndBias } from '../files/part-list.ts';

/** A model of the family in few words. */
export interface Llama extends TextModel {
  /** Default: as many as heads. */
  readonly keyValueHeads?: number;
  /** Default: width / heads. */
  readonly headWidth?: number;
  /** Features between the linear layers of the feed-forward part. */
  readonly hidden: number;
  readonly rotary?: RotaryOptions;
  /** Whether the head is the embedding. Default: false. */
  readonly tied?: boolean;
  /** Biases of all linear layers of attention, or of queries, keys and values alone. Default: none. */
  readonly bias?: boolean | 'inputs';
  /** Biases of the feed-forward part. Default: false. */
  readonly feedForwardBias?: boolean;
  /** Whether heads of queries and keys are normalised. Default: false. */
  readonly headNorm?: boolean;
  /** Positions that one sees, itself included. Default: 0, for all. */
  readonly window?: number;
  /** Places of the layers that have a window. Default: all. */
  readonly windowLayers?: readonly number[];
}

const isPlace = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const countOrNone: OptionRule = { holds: isPlace, is: 'a whole number of at least 0' };
const listOfPlaces: OptionRule = {
  holds: (value) => Array.isArray(value) && value.every(isPlace),
  is: 'places of layers, from 0',
};

const rules: OptionRulesOf<Llama> = {
  ...textRules,
  keyValueHeads: aCount,
  headWidth: aCount,
  hidden: aCount,
  rotary: anyJson,
  tied: aTruth,
  bias: oneOf(true, false, 'inputs'),
  feedForwardBias: aTruth,
  headNorm: aTruth,
  window: countOrNone,
  windowLayers: listOfPlaces,
};

/**
 * The options of a description.
 * @throws {ConfigError} for wrong ones.
 */
export function llamaOptions(config: ModuleConfig): Llama {
  return familyOptions<Llama>(config, rules, [...textNeeded, 'hidden']);
}

/** The layers of a model. */
export function llamaLayers(config: ModuleConfig): ModuleConfig {
  const {
    vocabulary,
    width,
    layers,
    heads,
    keyValueHeads = heads,
    headWidth = width / heads,
    hidden,
    epsilon = 1e-6,
    rotary = {},
    tied = false,
    bias = false,
    feedForwardBias = false,
    headNorm = false,
    activation = 'silu',
    window = 0,
    windowLayers,
  } = llamaOptions(config);
  const norm: ModuleConfig = { type: 'rms-norm', size: width, epsilon };
  const attention: ModuleConfig = {
    type: 'self-attention',
    width,
    heads,
    headWidth,
    keyValueHeads,
    causal: true,
    bias,
    rotary,
    headNorm: headNorm ? epsilon : 0,
  };
  const feedForward: ModuleConfig = {
    type: 'feed-forward',
    width,
    hidden,
    activation,
    gated: true,
    bias: feedForwardBias,
  };
  const block = (place: number): ModuleConfig => {
    const seen = hasWindow({ window, ...(windowLayers && { windowLayers }) }, place) ? window : 0;
    return {
      type: 'transformer-block',
      attention: { type: 'residual', norm, body: { ...attention, window: seen } },
      feedForward: { type: 'residual', norm, body: feedForward },
    };
  };
  return {
    type: 'causal-language-model',
    embedding: { type: 'embedding', count: vocabulary, size: width },
    layers: { type: 'sequential', layers: Array.from({ length: layers }, (_, place) => block(place)) },
    norm,
    head: { type: 'linear', in: width, out: vocabulary, bias: false },
    ...(tied && { ties: { 'head.weight': 'embedding.weight' } }),
  };
}

/** How a format calls the tensors. */
export interface LlamaNames {
  readonly embedding: string;
  readonly norm: string;
  readonly head: string;
  /** Before the number of a layer. */
  readonly layer: string;
  /** Of a layer, each with weight or bias: attentionNorm, query, key, value, out, queryNorm, keyNorm, feedForwardNorm, gate, up, down. */
  readonly parts: Readonly<Record<LlamaPart, string>>;
  /** Whether rows of queries and keys are in turn, head by head. */
  readonly turns: boolean;
}

/** Our names of what stands in a layer. */
const own = {
  attentionNorm: 'attention.norm',
  query: 'attention.body.query',
  key: 'attention.body.key',
  value: 'attention.body.value',
  queryNorm: 'attention.body.queryNorm',
  keyNorm: 'attention.body.keyNorm',
  out: 'attention.body.out',
  feedForwardNorm: 'feedForward.norm',
  gate: 'feedForward.body.gate',
  up: 'feedForward.body.up',
  down: 'feedForward.body.down',
} as const;

/** What stands in a layer. */
export type LlamaPart = keyof typeof own;

/** In a folder of Hugging Face, with what stands before the names of all but the head. */
export const huggingFaceLlama = (prefix: string): LlamaNames => ({
  embedding: `${prefix}embed_tokens`,
  norm: `${prefix}norm`,
  head: 'lm_head',
  layer: `${prefix}layers.`,
  parts: {
    attentionNorm: 'input_layernorm',
    query: 'self_attn.q_proj',
    key: 'self_attn.k_proj',
    value: 'self_attn.v_proj',
    queryNorm: 'self_attn.q_norm',
    keyNorm: 'self_attn.k_norm',
    out: 'self_attn.o_proj',
    feedForwardNorm: 'post_attention_layernorm',
    gate: 'mlp.gate_proj',
    up: 'mlp.up_proj',
    down: 'mlp.down_proj',
  },
  turns: false,
});

/** In GGUF; queries and keys of the architecture `llama` are in turn. */
export const ggufLlama = (turns: boolean): LlamaNames => ({
  embedding: 'token_embd',
  norm: 'output_norm',
  head: 'output',
  layer: 'blk.',
  parts: {
    attentionNorm: 'attn_norm',
    query: 'attn_q',
    key: 'attn_k',
    value: 'attn_v',
    queryNorm: 'attn_q_norm',
    keyNorm: 'attn_k_norm',
    out: 'attn_output',
    feedForwardNorm: 'ffn_norm',
    gate: 'ffn_gate',
    up: 'ffn_up',
    down: 'ffn_down',
  },
  turns,
});

/** Where the tensors of a model are in a file. */
export function llamaParts(config: ModuleConfig, names: LlamaNames): Map<string, TensorPart> {
  const { layers, heads, keyValueHeads = heads, tied, bias, feedForwardBias, headNorm } = llamaOptions(config);
  const parts = new Map<string, TensorPart>();
  const put = (ours: string, theirs: string, isBiased = false, turnedHeads?: number): void => {
    const turned = names.turns && turnedHeads !== undefined ? { turnedHeads } : {};
    putPart(parts, ours, { name: theirs, ...turned }, isBiased ? weightAndBias : justWeight);
  };
  put('embedding', names.embedding);
  for (let layer = 0; layer < layers; layer++) {
    const each = (part: LlamaPart, isBiased = false, turnedHeads?: number): void =>
      put(`layers.${layer}.${own[part]}`, `${names.layer}${layer}.${names.parts[part]}`, isBiased, turnedHeads);
    const [inputs, out] = [Boolean(bias), bias === true];
    each('attentionNorm');
    each('query', inputs, heads);
    each('key', inputs, keyValueHeads);
    each('value', inputs);
    if (headNorm) for (const part of ['queryNorm', 'keyNorm'] as const) each(part);
    each('out', out);
    each('feedForwardNorm');
    for (const part of ['gate', 'up', 'down'] as const) each(part, feedForwardBias);
  }
  put('norm', names.norm);
  if (!tied) put('head', names.head);
  return parts;
}

function describe(config: ModuleConfig): FamilyMember {
  const parts = llamaParts(config, huggingFaceLlama('model.'));
  return { config: llamaLayers(config), names: new Map([...parts].map(([ours, { name }]) => [ours, name])) };
}

/** `{ type: 'llama', vocabulary, width, layers, heads, hidden, context, … }`, named as Hugging Face does. */
export const llama: Family = { type: 'llama', members: {}, describe };
