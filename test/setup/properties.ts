// Seeds every property of a run alike and, when one fails, says how to draw the same values again.
import fc from 'fast-check';
import { afterEach, inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    propertySeed: number;
    propertyRuns: number | null;
  }
}

const seed = inject('propertySeed');
const numRuns = inject('propertyRuns');
fc.configureGlobal(numRuns === null ? { seed } : { seed, numRuns });

afterEach(({ task }) => {
  const failed = task.result?.errors?.some((error) => error.message.startsWith('Property failed')) ?? false;
  if (failed) console.error(`${task.name}: draw the same values again with FC_SEED=${seed}`);
});
