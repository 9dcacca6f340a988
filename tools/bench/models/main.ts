/**
 * Large models beside what others make of them: `npm run bench:models -- [--only NAME,…] [--json FILE] [--checkpoints FOLDER]
 * [--python PYTHON] [--llama FOLDER] [--folder FOLDER]`.
 *
 * Prints a row as soon as it is measured, and writes all that are known to the file: `[{ name, value, target, holds }]`. Checkpoints
 * are looked for below a folder, where their packages are to be unpacked; rows that lack theirs, or a peer, are named and left out.
 * What took long stays in the other folder, and a run that was interrupted goes on behind it. Ends with 1 if a row does not hold.
 */
import { fileURLToPath } from 'node:url';
import { configure } from '@espalier/tensor';
import { commandLine } from '../command-line.mjs';
import { measureRows } from '../measure-rows.ts';
import { benchIn } from '../optimize/bench.ts';
import { commandLineRows } from './rows/command-line.ts';
import { compressionRows } from './rows/compression.ts';
import { embeddingRows } from './rows/embeddings.ts';
import { generationRows } from './rows/generation.ts';
import { llamaCppRows } from './rows/llama-cpp.ts';
import { memoryRows } from './rows/memory.ts';
import { perplexityRows } from './rows/perplexity.ts';
import { recoveryRow } from './rows/recovery.ts';
import { speculationRow } from './rows/speculation.ts';
import { streamingRow } from './rows/streaming.ts';
import { webGpuRows } from './rows/webgpu.ts';

const { option, check } = commandLine('bench:models', {
  only: undefined,
  json: undefined,
  checkpoints: fileURLToPath(new URL('../../../runs/checkpoints', import.meta.url)),
  python: undefined,
  llama: undefined,
  folder: fileURLToPath(new URL('../../../runs/bench-models', import.meta.url)),
});

// What is timed is one thread, in time of the processor.
configure({ threads: 1 });
const places = { checkpoints: option('checkpoints') as string, python: option('python'), llama: option('llama') };
const rows = [
  ...perplexityRows(places),
  ...llamaCppRows(places),
  ...generationRows(places),
  speculationRow(places),
  ...memoryRows(places),
  ...embeddingRows(places),
  ...compressionRows(places),
  recoveryRow(places),
  streamingRow,
  ...commandLineRows(places),
  ...webGpuRows(places),
];
const only = option('only')?.split(',');
const names = rows.map(({ name }) => name);
for (const name of only ?? []) check('row', name, names);
await measureRows(rows, { bench: benchIn(option('folder') as string, []), only, json: option('json') });
