/** Reads what the command line stores with a study. */
import type { JsonObject, Study } from '@espalier/search';
import { quickstartRecipe } from '../../../apps/cli/src/recipe/recipe.ts';
import { lastingStops } from '../../../apps/cli/src/study/stops.ts';
import { storedTask } from '../../../apps/cli/src/study/task.ts';
import { jsonOf } from '../engine/json-of.ts';
import type { Reader } from '../engine/reader.ts';

/** What the command line stores with a study: what its trials do, and when it ends. */
export const storedTaskReader: Reader = {
  name: 'stored-task',
  seeds: async () =>
    [
      { source: { kind: 'recipe', recipe: quickstartRecipe() }, stop: { trials: 4, time: 3, cost: 4, failures: 2 } },
      { source: { kind: 'module', path: 'no-such-module.mjs' }, stop: { target: 'accuracy >= 0.9', patience: 3 } },
    ].map((each) => Buffer.from(JSON.stringify(each))),
  mutate: 'json',
  read: async (input) => {
    const attributes = Object(jsonOf(input)) as JsonObject;
    lastingStops({ attributes } as unknown as Study);
    try {
      await storedTask('stored', attributes['source'], undefined);
    } catch (error) {
      if (!/is not here|does not say what/u.test(String(error))) throw error;
    }
  },
};
