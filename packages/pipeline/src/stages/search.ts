/** The stage in which candidates are searched. */
import { journalFile, runSearch } from '../search/run-search.ts';
import type { SearchOutcome } from '../search/search.ts';
import { searchFields, type SearchRecipe } from '../search/recipe.ts';
import type { Stage } from '../pipeline/stage.ts';
import { taskNamed } from '../task/task.ts';

/** Searches for the best candidate. */
export const searchStage: Stage<SearchRecipe> = {
  name: 'search',
  options: searchFields,
  inputs: [],
  outputs: ['search', 'winner'],
  key: ({ pipeline: { data, task, seed }, options, runner }) => ({
    options,
    data,
    task,
    seed,
    device: runner.device.kind,
  }),
  run: async ({ pipeline, options, host, runner, folder }) => {
    const { name, seed, data, task } = pipeline;
    const setup = { name, seed, data, recipe: options, ...(task === undefined ? {} : { task }) };
    const search = await runSearch(host, runner, { ...setup, storage: `journal:${folder}/${journalFile}` });
    return { search, winner: search.winner };
  },
  summary: ({ search }, { pipeline }) => {
    const { score } = taskNamed(pipeline.task);
    const { best, [score.name]: value } = search as SearchOutcome<string>;
    return `  winner: trial ${best}, ${score.text(Number(value))} of the held-out examples`;
  },
};
