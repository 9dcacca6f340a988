/** Distillation: what a small student learns from a large teacher that the labels do not tell it. */
import { build, type Module } from '@espalier/nn';
import { distill, finetune, runRecipe, type Step, type TrainingConfig } from '@espalier/optimize';
import type { Bench } from '../bench.ts';
import { mean, type Row } from '../row.ts';
import { lenet300, movedLenet5 } from '../subjects/mnist.ts';
import { shifted } from '../subjects/shifted.ts';
import { trained } from '../subjects/subject.ts';

/** Pixels that images are moved by, as those are that the teacher learned from. */
const most = 2;
/**
 * A student goes on learning from a teacher where labels have nothing left to say: a long training is fair to both, and shows
 * it (Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", 2022).
 */
const train: TrainingConfig = {
  epochs: 60,
  batchSize: 128,
  optimizer: { type: 'adamw', lr: 1e-3, weightDecay: 1e-4 },
  loss: 'cross-entropy',
};

/** Errors of a student that learned by one step from images that are moved about. */
async function errors(
  bench: Bench,
  name: string,
  seed: number,
  from: () => Promise<Module>,
  step: Step,
): Promise<number> {
  return bench.kept(`distillation/${name}-${seed}`, async () => {
    const data = { train: shifted((await lenet300.data()).train, most, seed) };
    return lenet300.damage((await runRecipe(await from(), [step], { data, seed })).model);
  });
}

/** The rows of distillation. */
export const distillationRows: readonly Row[] = [
  {
    name: 'lenet-300-100/distilled',
    target: 'share of the gap to a teacher of <= 80 errors that it closes over labels, images moved alike >= 0.5',
    measure: async (bench) => {
      const teacher = (): Promise<Module> => trained(movedLenet5, 1, bench);
      const known = await bench.kept('distillation/teacher', async () => movedLenet5.damage(await teacher()));
      const all: { seed: number; labels: number; distilled: number }[] = [];
      for (const seed of bench.seeds) {
        const student = async (): Promise<Module> => build(lenet300.config, { seed });
        const labels = await errors(bench, 'labels', seed, student, finetune(train));
        const told = distill({ student: lenet300.config, temperature: 4, alpha: 0.9, train });
        all.push({ seed, labels, distilled: await errors(bench, 'distilled', seed, teacher, told) });
      }
      const labels = mean(all.map((each) => each.labels));
      const value = (labels - mean(all.map(({ distilled }) => distilled))) / (labels - known);
      return { value, holds: value >= 0.5 && known <= 80, details: { teacher: known, students: all } };
    },
  },
];
