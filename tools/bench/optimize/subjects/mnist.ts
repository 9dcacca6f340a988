/** LeNet-300-100 and LeNet-5 on the handwritten digits: 60,000 to learn from, 10,000 to be judged by. */
import { mnist } from '@espalier/nn/node';
import { shifted } from './shifted.ts';
import { classifier, once, type Subject } from './subject.ts';

const data = once(() => mnist());

/** Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998; rectifiers for its sigmoids. */
export const lenet300: Subject = classifier({
  name: 'lenet-300-100',
  data,
  epochs: 15,
  config: {
    type: 'sequential',
    layers: [
      { type: 'flatten' },
      { type: 'linear', in: 784, out: 300 },
      { type: 'relu' },
      { type: 'linear', in: 300, out: 100 },
      { type: 'relu' },
      { type: 'linear', in: 100, out: 10 },
    ],
  },
});

/** In the form of Caffe, of 431,080 parameters, that the literature on pruning compresses. */
export const lenet5: Subject = classifier({
  name: 'lenet-5',
  data,
  epochs: 10,
  config: {
    type: 'sequential',
    layers: [
      { type: 'conv2d', in: 1, out: 20, kernel: 5 },
      { type: 'max-pool2d', size: 2 },
      { type: 'conv2d', in: 20, out: 50, kernel: 5 },
      { type: 'max-pool2d', size: 2 },
      { type: 'flatten' },
      { type: 'linear', in: 800, out: 500 },
      { type: 'relu' },
      { type: 'linear', in: 500, out: 10 },
    ],
  },
});

/**
 * LeNet-5 on digits that are moved about by up to two pixels, for a teacher. Source of the moves: G. Hinton, O. Vinyals and
 * J. Dean, "Distilling the knowledge in a neural network", 2015.
 */
export const movedLenet5: Subject = classifier({
  ...lenet5,
  name: 'lenet-5-moved',
  epochs: 10,
  data: async () => {
    const { train, test } = await data();
    return { train: shifted(train, 2, 0), test };
  },
});
