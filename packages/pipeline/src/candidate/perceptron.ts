/** Multilayer perceptrons, the family of models for rows of a table: hidden layers of one width, then the outputs. */
import type { ModuleConfig } from '@espalier/nn';
import { numberWithin, wholeNumber } from '../fields.ts';
import type { ArchitectureType } from './architecture-type.ts';
import { activationSlot } from './dimensions.ts';

/** A multilayer perceptron. */
export interface Perceptron {
  /** Hidden layers. */
  readonly layers: number;
  /** Of each of them. */
  readonly width: number;
  readonly activation: string;
  /** The part of a hidden layer that is dropped in training. */
  readonly dropout: number;
}

/** Hidden layers with an activation, the outputs; examples of several axes are flattened. */
export const perceptron: ArchitectureType<Perceptron> = {
  name: 'mlp',
  options: {
    layers: wholeNumber(1, 8),
    width: wholeNumber(1, 4096),
    activation: activationSlot,
    dropout: numberWithin(0, 0.9),
  },
  model: ({ layers: count, width, activation, dropout }, init, { input, outputs }) => {
    let features = input.reduce((product, size) => product * size, 1);
    const layers: ModuleConfig[] = input.length > 1 ? [{ type: 'flatten' }] : [];
    for (let layer = 0; layer < count; layer += 1) {
      layers.push({ type: 'linear', in: features, out: width, init }, { type: activation });
      if (dropout > 0) layers.push({ type: 'dropout', p: dropout });
      features = width;
    }
    // It begins by saying the same of every row: what wide layers say at random is hard to unlearn from few rows.
    layers.push({ type: 'linear', in: features, out: outputs, init: 'zeros' });
    return { type: 'sequential', layers };
  },
};
