/** The job that looks for the smallest or fastest model that keeps goals. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { split, type Json } from '@espalier/nn';
import { writeFileAtomic } from '@espalier/nn/node';
import { optimize, parseRecipe, type OptimizationReport } from '@espalier/optimize';
import { folderStore, replaceModel, saveOptimized } from '@espalier/optimize/node';
import { openData } from '../../data/source.ts';
import { InterruptedError, UsageError } from '../../errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { ReachGoalsInput } from '../../jobs/jobs.ts';
import { signalOf } from '../../jobs/signal.ts';
import { taskNamed } from '../../task/task.ts';
import { loadModelFolder } from '../load-model.ts';

/** Examples that are held out of the training ones are the same for all models. */
const splitSeed = 0;

/** The part of the training examples that decisions are made by, if nobody says how many. */
const heldOutShare = 1 / 6;

/** Where, below the folder, the best model so far lies while the search goes on. */
const bestFolder = 'best';

/**
 * Searches in a folder, where a search that was interrupted goes on, and leaves the best model there, with the report and the recipe that
 * gives it again.
 * @throws {UsageError} when no training examples are left to learn from.
 * @throws {InterruptedError} when the user asks to stop; the best model so far lies in `best` then.
 */
export async function reachGoals(input: ReachGoalsInput, context: JobContext): Promise<OptimizationReport> {
  const { source, from, folder, goals, minimize, steps, seed, trials, minutes, epochs } = input;
  const { train: all, test, input: inputShape } = await openData(source, context.device);
  const { model, metadata } = await loadModelFolder(from, { device: context.device });
  const heldOut = input.heldOut ?? Math.max(1, Math.round(all.size * heldOutShare));
  if (heldOut >= all.size)
    throw new UsageError(`${heldOut} of ${all.size} training examples are to be held out: leave some to learn from`);
  const [train, validate] = split(all, [all.size - heldOut, heldOut], { seed: splitSeed });
  if (!train || !validate) throw new UsageError('there are no training examples');
  const store = folderStore(folder);
  let note = '';
  let tried = 0;
  const { model: made, report } = await optimize(model, {
    data: { train, validate, test },
    goals,
    seed,
    ...(minimize !== undefined && { minimize }),
    ...(steps && { steps: parseRecipe(steps) }),
    ...(trials !== undefined && { maxTrials: trials }),
    ...(minutes !== undefined && { maxMinutes: minutes }),
    ...(epochs !== undefined && { epochs }),
    // Whatever the folder knows of its training.
    loss: taskNamed(input.task).loss,
    store,
    signal: signalOf(context),
    onBest: async ({ trial, files }) => {
      await replaceModel(join(folder, bestFolder), files);
      note = `best ${((trial.costs?.bytes ?? 0) / 1000).toFixed(1)} kB`;
    },
    onTrial: () => {
      tried++;
      context.onProgress(tried, trials ?? tried + 1, note);
    },
    onProgress: ({ place, step, steps: total }) =>
      context.onProgress(
        tried + step / total,
        trials ?? tried + 1,
        [place, note].filter((text) => text !== '').join(', '),
      ),
  });
  if (report.stop === 'aborted') throw new InterruptedError();
  await saveOptimized(folder, made, {
    metadata: { ...metadata, input: [...inputShape] },
    optimization: report.records as unknown as Json,
  });
  await writeFileAtomic(join(folder, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFileAtomic(join(folder, 'recipe.json'), `${JSON.stringify(report.recipe, undefined, 2)}\n`);
  for (const part of ['stages', 'trials', bestFolder, 'run.json'])
    await rm(join(folder, part), { recursive: true, force: true });
  return report;
}
