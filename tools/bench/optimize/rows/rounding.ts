/** Rounding to few numbers: to the nearest, and so that weights make up for each other. */
import type { Json } from '@espalier/nn';
import { gptq, type PassRecord } from '@espalier/optimize';
import { lenet300 } from '../subjects/mnist.ts';
import { atLeast, atMost, mean, type Row } from '../row.ts';
import { judged, extraErrors } from './compressed.ts';

/** How many times less the outputs of a layer are off than by rounding to the nearest numbers; the mean over layers. */
function timesLess([record]: readonly PassRecord[]): number {
  const layers = Object.values(record?.details as Readonly<Record<string, Json>>) as unknown as {
    readonly outputError: number;
    readonly nearestOutputError: number;
  }[];
  return mean(layers.map(({ outputError, nearestOutputError }) => nearestOutputError / outputError));
}

/** The rows of rounding. */
export const roundingRows: readonly Row[] = [
  {
    name: 'lenet-300-100/4-bits-group-32',
    target: 'errors over dense <= 10',
    measure: async (bench) => {
      const all = await judged(bench, lenet300, 'gptq-4-32', [gptq({ bits: 4, group: 32 })]);
      return atMost(10, extraErrors(all), all);
    },
  },
  {
    name: 'lenet-300-100/3-bits',
    target: "rounding to the nearest's error of a layer / GPTQ's >= 5",
    measure: async (bench) => {
      const all = await judged(bench, lenet300, 'gptq-3', [gptq({ bits: 3 })], async (_, records) => ({
        timesLess: timesLess(records),
      }));
      return atLeast(5, mean(all.map((each) => each['timesLess'] as number)), all);
    },
  },
];
