/** Weights and activations of 8 bits: errors, bytes and time. */
import { compareLatency, materializeModel, quantize, runRecipe, storedBytes, type Pass } from '@espalier/optimize';
import { Generator, rand } from '@espalier/tensor';
import { atLeast, atMost, mean, type Row } from '../row.ts';
import { lenet300 } from '../subjects/mnist.ts';
import { trained } from '../subjects/subject.ts';
import { judged, type Judged } from './compressed.ts';
import type { Bench } from '../bench.ts';

/** Static codes lie around 0: there is nothing to add to outputs then. */
const kinds = { dynamic: 'dynamic', static: { type: 'static', zeros: false } } as const;

type Kind = keyof typeof kinds;

const int8 = (kind: Kind): Pass => quantize({ weights: 'int8', granularity: 'channel', activations: kinds[kind] });

/** Errors are counted of the model that runs on codes, as it does when it is loaded. */
function measured(bench: Bench, activations: Kind): Promise<Judged[]> {
  return judged(bench, lenet300, `int8-${activations}`, [int8(activations)], async (model) => ({
    after: await lenet300.damage(await materializeModel(model)),
    bytes: await storedBytes(model),
  }));
}

function within(activations: Kind): Row {
  return {
    name: `lenet-300-100/int8-${activations}`,
    target: 'most errors from dense, either way <= 3',
    measure: async (bench) => {
      const all = await measured(bench, activations);
      return atMost(3, Math.max(...all.map(({ dense, after }) => Math.abs(after - dense))), all);
    },
  };
}

/** The rows of weights and activations of 8 bits. */
export const int8Rows: readonly Row[] = [
  within('dynamic'),
  within('static'),
  {
    name: 'lenet-300-100/int8-bytes',
    target: 'bytes of the weights / dense <= 0.26',
    measure: async (bench) => {
      const all = await measured(bench, 'static');
      const dense = await storedBytes(await trained(lenet300, bench.seeds[0] ?? 1, bench));
      return atMost(0.26, mean(all.map(({ bytes }) => Number(bytes) / dense)), all);
    },
  },
  {
    name: 'lenet-300-100/int8-static-speed',
    target: 'times faster than dense at batch 64, interleaved >= 1.3',
    measure: async (bench) => {
      const [seed = 1] = bench.seeds;
      const dense = await trained(lenet300, seed, bench);
      const { train } = await lenet300.data();
      const { model } = await runRecipe(dense, [int8('static')], { data: { train }, seed });
      const input = rand([64, 1, 28, 28], { generator: new Generator(seed) });
      const { ratio, low, high } = await compareLatency(dense, model, { inputShape: [1, 28, 28], input, maxMs: 8000 });
      return atLeast(1.3, 1 / ratio, { ratio, low, high });
    },
  },
];
