// Whatever stands in the place of an argument: there is a result, or an error of ours says what is wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as nn from '@espalier/nn';
import * as optimize from '@espalier/optimize';
import * as optimizeNode from '@espalier/optimize/node';
import { afterAll, describe, expect, test } from 'vitest';
import { nnOperations } from './nn.ts';
import { faultsOf, type Operation } from './operation.ts';
import { optimizeOperations } from './optimize.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-arguments-'));
afterAll(() => rmSync(folder, { recursive: true }));
await optimizeNode.saveOptimized(folder, nn.build({ type: 'relu' }));

/** Abstract classes, and what only users' own modules call. */
const uncalled = new Set(['Module', 'Optimizer']);

describe.each<readonly [string, object, readonly Operation[]]>([
  ['nn', nn, nnOperations],
  ['optimize', { ...optimize, ...optimizeNode }, optimizeOperations(folder)],
])('%s', (_, exported, operations) => {
  test('has every exported function in the table', () => {
    const known = new Set(operations.map(([name]) => name.replace(/^new /u, '')));
    const functions = Object.entries(exported).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
    const missing = functions.filter((name) => !known.has(name) && !name.endsWith('Error') && !uncalled.has(name));
    expect(missing).toEqual([]);
  });

  test.each(operations.map((operation) => [operation[0], operation] as const))('%s', async (__, operation) => {
    expect(await faultsOf(operation)).toEqual([]);
  });
});
