/** Reads objectives, constraints and targets, and the goals and budgets of models. */
import { limitedCosts, parseLimit } from '@espalier/optimize';
import { createStudy, float, memoryStorage, space, target } from '@espalier/search';
import { jsonOf } from '../engine/json-of.ts';
import { isKnownError } from '../engine/known-errors.ts';
import type { Reader } from '../engine/reader.ts';

/** What reads one of them may refuse it, and the next still reads it. */
async function readOr(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!isKnownError(error)) throw error;
  }
}

/** What a study is to reach and a model to fit, as people write it. */
export const goalsReader: Reader = {
  name: 'goals',
  seeds: async () =>
    [
      'maximize accuracy',
      'minimize bytes',
      'latency <= 2ms',
      'accuracy >= 98.5%',
      '<= 100 kB',
      '1_000.5e3 MiB',
      '["maximize accuracy", "minimize bytes"]',
    ].map((goal) => Buffer.from(goal)),
  mutate: 'text',
  words: ['maximize', 'minimize', '<=', '>=', '≤', '%', 'kB', 'MiB', 'e', 'ms', '_', '.', '+', '"', '[', ','],
  read: async (input) => {
    const text = Buffer.from(input).toString();
    // As it was typed, and as JSON may hold it.
    const goal = (jsonOf(input) ?? text) as string;
    const objectives = (Array.isArray(goal) ? goal : [goal]) as readonly string[];
    await readOr(async () => {
      const domain = space({ x: float(0, 1) });
      await createStudy({ name: 'goals', storage: memoryStorage(), space: domain, objectives });
    });
    await readOr(() => target(goal));
    for (const cost of limitedCosts) await readOr(() => parseLimit(cost, goal));
  },
};
