/** Small transformers that continue sequences of tokens. */
import type { ModuleConfig } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import { numberWithin, wholeNumber } from '../fields.ts';
import type { ArchitectureType } from './architecture-type.ts';

/** A transformer. */
export interface Transformer {
  /** Features of a position. */
  readonly width: number;
  /** How many layers of attention there are. */
  readonly depth: number;
  /** Heads of each; the width is a multiple. */
  readonly heads: number;
  /** The part of what each layer adds that is dropped in training. */
  readonly dropout: number;
}

/**
 * Token and place, layers of attention to what came before and of two linear layers, each with a way around it, and a score of each token
 * at each place. Source: A. Radford et al., "Language models are unsupervised multitask learners", 2019.
 */
export const transformer: ArchitectureType<Transformer> = {
  name: 'transformer',
  options: {
    width: wholeNumber(1, 4096),
    depth: wholeNumber(1, 64),
    heads: wholeNumber(1, 64),
    dropout: numberWithin(0, 0.9),
  },
  model: ({ width, depth, heads, dropout }, init, { input, outputs }) => {
    const [context] = input;
    if (input.length !== 1 || context === undefined)
      throw new UsageError(
        `architecture: an example has the shape [${input.join(', ')}]: give sequences of tokens [length]`,
      );
    if (width % heads !== 0)
      throw new UsageError(`architecture: a width of ${width} is no multiple of ${heads} heads: choose one that is`);
    const around = (layers: readonly ModuleConfig[]): ModuleConfig => ({
      type: 'residual',
      body: {
        type: 'sequential',
        layers: [
          { type: 'layer-norm', shape: width },
          ...layers,
          ...(dropout > 0 ? [{ type: 'dropout', p: dropout }] : []),
        ],
      },
    });
    const layer: readonly ModuleConfig[] = [
      around([{ type: 'self-attention', width, heads, causal: true, init }]),
      around([
        { type: 'linear', in: width, out: 4 * width, init },
        { type: 'gelu' },
        { type: 'linear', in: 4 * width, out: width, init },
      ]),
    ];
    return {
      type: 'sequential',
      layers: [
        { type: 'embedding', count: outputs, size: width, init: { type: 'normal', mean: 0, std: 0.02 } },
        { type: 'position-embedding', count: context, size: width },
        ...Array.from({ length: depth }, () => layer).flat(),
        { type: 'layer-norm', shape: width },
        { type: 'linear', in: width, out: outputs, bias: false, init: { type: 'normal', mean: 0, std: 0.02 } },
      ],
    };
  },
};
