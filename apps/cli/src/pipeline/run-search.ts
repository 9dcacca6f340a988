import type { Session } from '../cli/session.ts';
import type { Recipe } from '../recipe/schema.ts';
import { formatPercent } from '../terminal/format.ts';
import type { Runner } from '../workers/runner.ts';
import { searchStage } from './search-stage.ts';
import type { SearchOutcome } from './search-stage.ts';

/** The name of the file that keeps a search's trials. */
export const searchJournal = 'search.jsonl';

/** Runs the search of a recipe with its trials in worker threads, showing how far it is. */
export async function runSearch(
  session: Session,
  runner: Runner,
  recipe: Recipe,
  journal: string,
): Promise<SearchOutcome> {
  const { search, data, seed, name } = recipe;
  const bar = session.progress.start(`search (${search.strategy})`, search.trials);
  const underWay = new Map<number, number>();
  let [finished, note] = [0, ''];
  const draw = (): void => {
    const parts = [...underWay.values()].reduce((sum, part) => sum + part, 0);
    bar.update(finished + parts, note);
  };
  const outcome = await searchStage({
    name,
    recipe: search,
    seed,
    storage: `journal:${journal}`,
    interrupt: session.interrupt,
    tryCandidate: async (candidate, trialSeed, number) => {
      const { images, epochs } = search;
      const { source, validation } = data;
      const input = { source, candidate, seed: trialSeed, splitSeed: seed, images, epochs, validation };
      try {
        return await runner.run('trial', input, (done, total) => {
          underWay.set(number, total > 0 ? done / total : 0);
          draw();
        });
      } finally {
        underWay.set(number, 1);
      }
    },
    onTrial: (count, best) => {
      finished = count;
      underWay.clear();
      note = `${count} of ${search.trials} trials${best === undefined ? '' : `, best ${formatPercent(best)}`}`;
      draw();
    },
  });
  bar.finish(note);
  return outcome;
}
