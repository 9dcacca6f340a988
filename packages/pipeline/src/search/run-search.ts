/** A search with its trials in workers, and how far it is. */
import type { Storage } from '@espalier/search';
import type { Host } from '../host/host.ts';
import type { ProgressListener } from '../jobs/job.ts';
import type { Runner } from '../jobs/runner.ts';
import { lessonOf } from '../pipeline/lesson.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { taskNamed } from '../task/task.ts';
import type { SearchRecipe } from './recipe.ts';
import { searchCandidates, type SearchOutcome } from './search.ts';

/** The name of the file that keeps a search's trials. */
export const journalFile = 'search.jsonl';

/** A search on some data. */
export interface SearchRun extends Pick<Pipeline, 'name' | 'seed' | 'data' | 'task'> {
  readonly recipe: SearchRecipe;
  /** Where trials are kept: a storage or its URL. */
  readonly storage: string | Storage;
}

/**
 * Searches with trials in workers, going on with what the storage holds, and shows how far it is.
 * @throws {InterruptedError} when the user stops it; the storage keeps every finished trial.
 * @throws {FailedError} when no trial worked.
 */
export async function runSearch(host: Host, runner: Runner, run: SearchRun): Promise<SearchOutcome> {
  const { name, seed, data, recipe, storage } = run;
  const { score } = taskNamed(run.task);
  const { trials, images, epochs, folds } = recipe;
  const bar = host.progress.start(`search (${recipe.strategy})`, trials);
  const underWay = new Map<number, number>();
  let [finished, note] = [0, ''];
  const draw = (): void => {
    const parts = [...underWay.values()].reduce((sum, part) => sum + part, 0);
    bar.update(finished + parts, note);
  };
  const outcome = await searchCandidates({
    name,
    recipe,
    seed,
    storage,
    score,
    interrupt: host.interrupt,
    tryCandidate: async (candidate, trialSeed, number) => {
      const { validation } = data;
      const input = { ...lessonOf(run), candidate, seed: trialSeed, splitSeed: seed, epochs };
      const onProgress: ProgressListener = (done, total) => {
        underWay.set(number, total > 0 ? done / total : 0);
        draw();
      };
      try {
        if (folds !== undefined) return await runner.run('crossValidate', { ...input, folds }, onProgress);
        return await runner.run('trial', { ...input, images, validation }, onProgress);
      } finally {
        underWay.set(number, 1);
      }
    },
    onTrial: (count, best) => {
      finished = count;
      underWay.clear();
      note = `${count} of ${trials} trials${best === undefined ? '' : `, best ${score.text(best)}`}`;
      draw();
    },
  });
  bar.finish(note);
  return outcome;
}
