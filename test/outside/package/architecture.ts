/** A kind of architecture: a hidden layer, and behind it a layer that is chosen, this package's own among others. */
import { activationSlot, oneOf, wholeNumber, type ArchitectureType } from '@espalier/pipeline';

/** What there is to choose. */
export interface Perceptron {
  readonly width: number;
  readonly behind: 'gain' | 'layer-norm';
  readonly activation: string;
}

export const perceptron: ArchitectureType<Perceptron> = {
  name: 'perceptron',
  options: { width: wholeNumber(1, 256), behind: oneOf(['gain', 'layer-norm']), activation: activationSlot },
  model: ({ width, behind, activation }, init, { input, outputs }) => ({
    type: 'sequential',
    layers: [
      { type: 'flatten' },
      { type: 'linear', in: input.reduce((size, each) => size * each, 1), out: width, init },
      behind === 'gain' ? { type: 'gain', features: width } : { type: 'layer-norm', shape: width },
      { type: activation },
      { type: 'linear', in: width, out: outputs, init },
    ],
  }),
};
