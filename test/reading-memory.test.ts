// What is held while a table is read is a few times the file or the table, whichever is larger: no list of values beside the columns.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import type { ReadingMemory } from './helpers/reading-memory.ts';

const script = fileURLToPath(new URL('helpers/reading-memory.ts', import.meta.url));
const node = ['--expose-gc', '--max-semi-space-size=1', '--conditions=@espalier/source', '--import', 'tsx'];
let measured: Readonly<Record<string, ReadingMemory>>;

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [...node, script]);
  measured = JSON.parse(stdout) as typeof measured;
});

test.each(['Parquet', 'Arrow', 'JSON lines', 'CSV'])('%s', (format) => {
  const { held = 0, most = Infinity } = measured[format] ?? {};
  expect(most).toBeLessThan(4 * held + 2 ** 20);
});

test('what nobody writes to is counted', () => {
  const { held = Infinity, most = 0 } = measured['nothing'] ?? {};
  expect(most).toBeGreaterThanOrEqual(held);
});
