/** Few bits a weight: deep compression's files, and bits by what each layer bears. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, countParameters, type Module } from '@espalier/nn';
import {
  cluster,
  distill,
  gptq,
  mixed,
  mixedOptions,
  prune,
  runRecipe,
  sensitivity,
  together,
  type Step,
} from '@espalier/optimize';
import { saveOptimized } from '@espalier/optimize/node';
import type { Bench } from '../bench.ts';
import { atLeast, mean, type Row } from '../row.ts';
import { lenet300, lenet5 } from '../subjects/mnist.ts';
import { trained, type Subject } from '../subjects/subject.ts';
import { extraErrors, judged } from './compressed.ts';
import { decaying } from './training.ts';

/** Bytes of a model's folder, entropy-coded or as it is. */
async function folderSize(model: Module, entropy: boolean): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-bytes-'));
  try {
    return await saveOptimized(folder, model, { entropy });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** How many times the folder is smaller than the dense numbers alone, as long as there are no more errors than may be. */
function deep(
  subject: Subject,
  times: number,
  steps: readonly Step[],
  words: string,
  holds: (dense: number, after: number) => boolean,
): Row {
  return {
    name: `${subject.name}/deep-compression`,
    target: `dense numbers / bytes on disk >= ${times}, at errors ${words}`,
    measure: async (bench) => {
      const all = await judged(bench, subject, 'deep-compression', steps, async (model) => ({
        bytes: await folderSize(model, true),
      }));
      const size = 4 * countParameters(build(subject.config));
      const outcome = atLeast(times, size / mean(all.map((each) => each['bytes'] as number)), all);
      const isGood = holds(mean(all.map(({ dense }) => dense)), mean(all.map(({ after }) => after)));
      return { ...outcome, holds: outcome.holds && isGood };
    },
  };
}

/** Deep compression by the labels. */
const byLabels: readonly Step[] = [
  prune({ sparsity: 0.945, scope: 'global', maximum: 0.995, schedule: 'cubic', train: decaying(15) }),
  cluster({ bits: 4, train: decaying(3, 3e-4) }),
];

/** And under the dense model as a teacher, with few values for the large layer and for biases as well. */
const byTeacher: readonly Step[] = [
  together(
    prune({ sparsity: 0.976, scope: 'global', maximum: 0.995, schedule: 'cubic' }),
    distill({ temperature: 4, train: decaying(9) }),
  ),
  together(
    cluster({ bits: { '5.weight': 3, '*.weight': 4, '*.bias': 4 }, include: ['*'] }),
    distill({ temperature: 4, train: decaying(2, 3e-4) }),
  ),
];

/** Milliseconds that a second budget takes when there is a table. */
async function secondBudget(bench: Bench, subject: Subject): Promise<number> {
  const [seed = 1] = bench.seeds;
  return bench.kept(`${subject.name}/second-budget-${seed}`, async () => {
    const { train } = await subject.data();
    const model = await trained(subject, seed, bench);
    const table = await sensitivity(model, { data: { train }, options: mixedOptions });
    const start = performance.now();
    await runRecipe(model, [mixed({ bits: 3, table })], { data: { train }, seed });
    return performance.now() - start;
  });
}

/** The rows of small numbers. */
export const smallNumberRows: readonly Row[] = [
  deep(lenet300, 45, byLabels, '<= dense + 10', (dense, after) => after <= dense + 10),
  deep(lenet5, 100, byTeacher, '<= 100', (_, after) => after <= 100),
  {
    name: 'lenet-300-100/mixed-3.5-bits',
    target: 'file smaller than that of 4 bits everywhere at no more errors; a second budget in <= 10 s',
    measure: async (bench) => {
      const bytes = async (model: Module): Promise<{ bytes: number }> => ({ bytes: await folderSize(model, false) });
      const own = await judged(bench, lenet300, 'mixed-3.5', [mixed({ bits: 3.5 })], bytes);
      const uniform = await judged(bench, lenet300, 'gptq-4-rows', [gptq({ bits: 4, scales: 'f16' })], bytes);
      const sizes = [own, uniform].map((all) => mean(all.map((each) => each['bytes'] as number)));
      const [value = NaN, four = NaN] = sizes;
      const [extra, extraOfFour] = [extraErrors(own), extraErrors(uniform)];
      const milliseconds = await secondBudget(bench, lenet300);
      return {
        value: four / value,
        holds: value < four && extra <= extraOfFour && milliseconds <= 10_000,
        details: { own, uniform, milliseconds },
      };
    },
  },
];
