// Seeds every property of a run alike and, when one fails, says how to draw the same values again. With FC_SEEDS, each test
// that draws is run with so many seeds, one after another.
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, inject, type RunnerTask } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    propertySeed: number;
    propertyRuns: number | null;
    propertySeeds: number;
  }
}

const first = inject('propertySeed');
const numRuns = inject('propertyRuns');
const seeds = inject('propertySeeds');

let [seed, hasDrawn, knownErrors] = [first, false, 0];

fc.configureGlobal({
  get seed() {
    hasDrawn = true;
    return seed;
  },
  ...(numRuns !== null && { numRuns }),
});

// oxlint-disable-next-line no-empty-pattern -- Vitest reads off this pattern which fixtures a hook wants: none
if (seeds > 1) beforeAll(({}, file) => repeat(file.tasks));

function repeat(tasks: readonly RunnerTask[]): void {
  for (const task of tasks)
    if (task.type === 'test') task.repeats = seeds - 1;
    else repeat(task.tasks);
}

beforeEach(({ task, skip }) => {
  const { repeatCount = 0, errors = [] } = task.result ?? {};
  if (repeatCount > 0 && !hasDrawn && errors.length === 0) skip('draws nothing: one run tells all');
  // Far apart: what is drawn first from seeds next to each other is alike.
  seed = (first + repeatCount * 0x9e3779b1) % 2 ** 31;
  [hasDrawn, knownErrors] = [false, errors.length];
});

afterEach(({ task }) => {
  const failed =
    task.result?.errors?.slice(knownErrors).some(({ message }) => message.startsWith('Property failed')) ?? false;
  if (failed) console.error(`${task.name}: draw the same values again with FC_SEED=${seed}`);
});
