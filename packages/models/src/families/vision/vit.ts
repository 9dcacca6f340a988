/** Vision transformers. Source: A. Dosovitskiy et al., "An image is worth 16x16 words", 2020, arXiv:2010.11929. */
import type { ModuleConfig } from '@espalier/nn';
import type { TensorPart } from '../../tensors/parts.ts';
import type { Family } from '../family.ts';
import { aCount, anyJson, aPositive, aTruth, familyOptions, type OptionRulesOf } from '../options.ts';
import { justWeight, putPart, weightAndBias } from '../files/part-list.ts';

/** A model of the family in few words. */
export interface Vit {
  /** Pixels of a side of a picture, and of a patch. */
  readonly image: number;
  readonly patch: number;
  readonly channels: number;
  /** Features of each patch between layers. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Features between the linear layers of the feed-forward part. */
  readonly hidden: number;
  /** Without classes it gives hidden states. */
  readonly classes?: number;
  /** Whether queries, keys and values have biases. Default: true. */
  readonly bias?: boolean;
  /** Of all norms. Default: 1e-12. */
  readonly epsilon?: number;
  /** Default: gelu. */
  readonly activation?: string | ModuleConfig;
}

const rules: OptionRulesOf<Vit> = {
  image: aCount,
  patch: aCount,
  channels: aCount,
  width: aCount,
  layers: aCount,
  heads: aCount,
  hidden: aCount,
  classes: aCount,
  bias: aTruth,
  epsilon: aPositive,
  activation: anyJson,
};

/**
 * The options of a description.
 * @throws {ConfigError} for wrong ones.
 */
export function vitOptions(config: ModuleConfig): Vit {
  return familyOptions<Vit>(config, rules, ['image', 'patch', 'channels', 'width', 'layers', 'heads', 'hidden']);
}

/** The layers of a model. */
export function vitLayers(config: ModuleConfig): ModuleConfig {
  const {
    image,
    patch,
    channels,
    width,
    layers,
    heads,
    hidden,
    classes,
    bias = true,
    epsilon = 1e-12,
    activation = 'gelu',
  } = vitOptions(config);
  const norm: ModuleConfig = { type: 'layer-norm', shape: width, epsilon };
  const attention: ModuleConfig = { type: 'self-attention', width, heads, bias: bias || 'out' };
  const block: ModuleConfig = {
    type: 'transformer-block',
    attention: { type: 'residual', norm, body: attention },
    feedForward: { type: 'residual', norm, body: { type: 'feed-forward', width, hidden, activation } },
  };
  const side = Math.floor(image / patch);
  return {
    type: 'vision-transformer',
    width,
    patches: { type: 'conv2d', in: channels, out: width, kernel: patch, stride: patch },
    positions: { type: 'position-embedding', count: side * side + 1, size: width },
    layers: { type: 'sequential', layers: Array.from({ length: layers }, () => block) },
    norm,
    ...(classes !== undefined && { head: { type: 'linear', in: width, out: classes } }),
  };
}

/** Where the tensors of a model are in a folder of Hugging Face, with what stands before the names of all but the head. */
export function vitParts(config: ModuleConfig, prefix: string): Map<string, TensorPart> {
  const { layers, bias = true, classes } = vitOptions(config);
  const parts = new Map<string, TensorPart>();
  const at = `${prefix}embeddings.`;
  parts.set('classToken', { name: `${at}cls_token` });
  putPart(parts, 'patches', { name: `${at}patch_embeddings.projection` }, weightAndBias);
  parts.set('positions.weight', { name: `${at}position_embeddings`, isBatch: true });
  for (let layer = 0; layer < layers; layer++) {
    const put = (own: string, theirs: string, isBiased = true): void =>
      putPart(
        parts,
        `layers.${layer}.${own}`,
        { name: `${prefix}encoder.layer.${layer}.${theirs}` },
        isBiased ? weightAndBias : justWeight,
      );
    put('attention.norm', 'layernorm_before');
    for (const each of ['query', 'key', 'value'] as const)
      put(`attention.body.${each}`, `attention.attention.${each}`, bias);
    put('attention.body.out', 'attention.output.dense');
    put('feedForward.norm', 'layernorm_after');
    put('feedForward.body.up', 'intermediate.dense');
    put('feedForward.body.down', 'output.dense');
  }
  putPart(parts, 'norm', { name: `${prefix}layernorm` }, weightAndBias);
  if (classes !== undefined) putPart(parts, 'head', { name: 'classifier' }, weightAndBias);
  return parts;
}

/** `{ type: 'vit', image, patch, channels, width, layers, heads, hidden, … }`, named as Hugging Face does. */
export const vit: Family = {
  type: 'vit',
  members: {},
  describe: (config) => {
    const parts = vitParts(config, 'vit.');
    return { config: vitLayers(config), names: new Map([...parts].map(([own, { name }]) => [own, name])) };
  },
};
