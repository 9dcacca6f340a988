/** The job that looks for the smallest or fastest model that keeps goals. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '@espalier/nn';
import { writeFileAtomic } from '@espalier/nn/node';
import { optimize, parseRecipe } from '@espalier/optimize';
import { folderStore, replaceModel, saveOptimized } from '@espalier/optimize/node';
import { heldOutOf, partsOf, usualHoldOut } from '../../data/hold-out.ts';
import { atHand, openData } from '../../data/source.ts';
import { InterruptedError } from '../../errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { ReachedGoals, ReachGoalsInput } from '../../jobs/jobs.ts';
import { signalOf } from '../../jobs/signal.ts';
import { lossGoingOn } from '../../jobs/learning-loss.ts';
import { taskNamed } from '../../task/task.ts';
import { loadModelFolder } from '../load-model.ts';
import { settle } from './settle.ts';

/** Where, below the folder, the best model so far lies while the search goes on. */
const bestFolder = 'best';

/**
 * Searches in a folder, where a search that was interrupted goes on, and leaves the best model there, with the report and the recipe that
 * gives it again.
 * @throws {UsageError} when no training examples are left to learn from.
 * @throws {InterruptedError} when the user asks to stop; the best model so far lies in `best` then.
 */
export async function reachGoals(input: ReachGoalsInput, context: JobContext): Promise<ReachedGoals> {
  const { source, from, folder, goals, minimize, steps, turn, seed, trials, minutes, epochs } = input;
  const data = atHand(await openData(source, context.device));
  const { test, input: inputShape } = data;
  const { model, metadata } = await loadModelFolder(from, { device: context.device });
  // Those that the model was not shown, if its folder says so.
  const count = input.heldOut ?? heldOutOf(metadata) ?? usualHoldOut(data.train);
  const { train, validate } = partsOf(data, count);
  const store = folderStore(folder);
  const loss = lossGoingOn(taskNamed(input.task), model);
  let note = '';
  let tried = 0;
  const { model: made, report } = await optimize(model, {
    data: { train, validate, test },
    goals,
    seed,
    ...(minimize !== undefined && { minimize }),
    ...(steps && { steps: parseRecipe(steps) }),
    ...(turn !== undefined && { turn }),
    ...(trials !== undefined && { maxTrials: trials }),
    ...(minutes !== undefined && { maxMinutes: minutes }),
    ...(epochs !== undefined && { epochs }),
    // Whatever else the folder knows of its training.
    loss,
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
  const isSettled = input.settle === true && report.claim !== 'holds';
  const settled = isSettled ? await settle(model, report, { data: { train, validate }, goals, seed, loss }) : undefined;
  await saveOptimized(folder, settled?.made ?? made, {
    metadata: { ...metadata, input: [...inputShape] },
    optimization: (settled ?? report).records as unknown as Json,
    entropy: true,
  });
  const reached: ReachedGoals = { ...report, ...(settled && { settled: settled.trial.number }) };
  const recipe = settled?.trial.recipe ?? report.recipe;
  await writeFileAtomic(join(folder, 'report.json'), `${JSON.stringify(reached, undefined, 2)}\n`);
  await writeFileAtomic(join(folder, 'recipe.json'), `${JSON.stringify(recipe, undefined, 2)}\n`);
  // What is gone on from goes last, and what is left of it is worth going on from.
  for (const part of [bestFolder, 'run.json', 'trials', 'stages'])
    await rm(join(folder, part), { recursive: true, force: true });
  return reached;
}
