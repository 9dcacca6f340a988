/** Training under rounding to few numbers. */
import { quantize } from '@espalier/optimize';
import { atMost, type Row } from '../row.ts';
import { lenet300 } from '../subjects/mnist.ts';
import { extraErrors, judged } from './compressed.ts';

/** The rows of quantization-aware training. */
export const awareRows: readonly Row[] = [
  {
    name: 'lenet-300-100/2-bits-aware',
    target: 'errors over dense <= 20',
    measure: async (bench) => {
      const train = { epochs: 10, optimizer: { type: 'adam', lr: 1e-3 } };
      const all = await judged(bench, lenet300, 'aware-2', [quantize({ weights: 'int2', train })]);
      return atMost(20, extraErrors(all), all);
    },
  },
];
