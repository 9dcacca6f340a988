// Whatever stands in the place of an argument: there is a result, or an error of ours says what is wrong.
import * as nn from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import { nnOperations } from './nn.ts';
import { faultsOf, type Operation } from './operation.ts';

/** Abstract classes, and what only users' own modules call. */
const uncalled = new Set(['Module', 'Optimizer']);

describe.each<readonly [string, object, readonly Operation[]]>([['nn', nn, nnOperations]])(
  '%s',
  (_, exported, operations) => {
    test('has every exported function in the table', () => {
      const known = new Set(operations.map(([name]) => name.replace(/^new /u, '')));
      const functions = Object.entries(exported).flatMap(([name, value]) =>
        typeof value === 'function' ? [name] : [],
      );
      const missing = functions.filter((name) => !known.has(name) && !name.endsWith('Error') && !uncalled.has(name));
      expect(missing).toEqual([]);
    });

    test.each(operations.map((operation) => [operation[0], operation] as const))('%s', async (__, operation) => {
      expect(await faultsOf(operation)).toEqual([]);
    });
  },
);
