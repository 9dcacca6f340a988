/** Cutting half of the neurons or channels off: what that costs in errors, and what it brings in time. */
import { compareLatency, distill, runRecipe, shrink, together, type Step } from '@espalier/optimize';
import type { Bench } from '../bench.ts';
import { extraErrors, judged } from './compressed.ts';
import { mean, type Row } from '../row.ts';
import { fashion } from '../subjects/fashion.ts';
import { lenet300, lenet5 } from '../subjects/mnist.ts';
import { trained, type Subject } from '../subjects/subject.ts';
import { decaying } from './training.ts';

/** How many examples are run at once when it is timed. */
const batchSize = 64;

/** Both have to hold: the value is the gain in time, and the errors stand in the details. */
function halved(subject: Subject, steps: readonly Step[], most: number): Row {
  return {
    name: `${subject.name}/half-the-units`,
    target: `times faster on cpu, ${batchSize} at once >= 1.8, and errors over dense <= ${most}`,
    measure: async (bench) => {
      const all = await judged(bench, subject, 'half-the-units', steps);
      const gains = [];
      for (const { seed } of all) gains.push(await timesFaster(subject, seed, bench));
      const errors = extraErrors(all);
      const value = mean(gains);
      return { value, holds: value >= 1.8 && errors <= most, details: { errors, gains, all } };
    },
  };
}

/** How many times less time it takes. That does not depend on what weights hold, so a model that was cut without a training is timed. */
async function timesFaster(subject: Subject, seed: number, bench: Bench): Promise<number> {
  const { train, test } = await subject.data();
  const dense = await trained(subject, seed, bench);
  const { model } = await runRecipe(dense, [shrink({ ratio: 0.5, recalibrate: 0 })], { data: { train } });
  const { x } = await test.batch(Array.from({ length: batchSize }, (_, index) => index));
  const { ratio } = await compareLatency(dense, model, { inputShape: x.shape.slice(1), input: x });
  return 1 / ratio;
}

const half = { ratio: 0.5, method: 'taylor' } as const;

/** The rows of cutting. */
export const structuredRows: readonly Row[] = [
  halved(lenet300, [together(shrink(half), distill({ temperature: 4, train: decaying(20) }))], 10),
  halved(lenet5, [shrink({ ...half, train: decaying(8) })], 10),
  // Half a point of the 10,198 images.
  halved(fashion, [shrink({ ...half, train: decaying(12, 2e-3) })], 51),
];
