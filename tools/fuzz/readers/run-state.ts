/** Reads what a stopped run has left. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRunState, stateFile } from '../../../packages/pipeline/src/node/run-state.ts';
import type { Reader } from '../engine/reader.ts';

/** What a run has behind it, as `run --resume` reads it. */
export const runStateReader: Reader = {
  name: 'run-state',
  seeds: async () => [
    Buffer.from(JSON.stringify({ fingerprint: 'f', done: { search: { seconds: 2, output: { trials: 3 } } } })),
  ],
  mutate: 'json',
  read: async (input, folder) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, stateFile), input);
    const state = await openRunState(folder, 'f', true);
    await state.stage('search', async () => 1);
    await state.stage('constructor', async () => 1);
    void state.seconds;
  },
};
