// Whatever stands in the place of an argument: the result is right, or a TensorError says what is wrong.
import { afterEach, describe, expect, test } from 'vitest';
import * as espalier from '../../src/index.ts';
import {
  configure,
  createReferenceDevice,
  InternalError,
  manualSeed,
  Tensor,
  TensorError,
  withDevice,
  type TypedArray,
} from '../../src/index.ts';
import { internalMethods, operations, tables } from './operations.ts';

const largestRead = 10_000;

function methodsOf(type: object): string[] {
  const names: string[] = [];
  for (let level = type; level !== Object.prototype; level = Object.getPrototypeOf(level) as object)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (typeof value === 'function') names.push(name);
  return names;
}

test('every exported function and every method of tensors stands in the table', () => {
  const known = new Set(operations.map(({ name }) => name.replace(/^new /, '')));
  const missing = [
    ...Object.keys(espalier).filter((name) => !name.endsWith('Error') && !tables.has(name)),
    ...methodsOf(Tensor.prototype)
      .filter((name) => !internalMethods.has(name))
      .map((name) => `Tensor.${name}`),
  ].filter((name) => !known.has(name));
  expect(missing).toEqual([]);
});

/** Tensors anywhere in a result. */
function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? Object.values(value).flatMap(tensorsIn) : [];
}

const oracle = createReferenceDevice('oracle');

/** Whether both hold the same numbers, up to rounding. */
function agree(a: TypedArray, b: TypedArray): boolean {
  return (
    a.length === b.length &&
    a.every((value, index) => {
      const other = b[index] as number;
      return Object.is(value, other) || Math.abs(value - other) <= 1e-4 * Math.max(1, Math.abs(other));
    })
  );
}

/** What is wrong with an outcome, on the cpu device beside the reference; undefined if nothing is. */
async function faultOf(run: () => unknown, accepted: boolean): Promise<string | undefined> {
  try {
    manualSeed(1);
    const result = await run();
    if (!accepted) return 'was taken';
    manualSeed(1);
    const expected = tensorsIn(await withDevice(oracle, run));
    for (const [index, tensor] of tensorsIn(result).entries()) {
      if (tensor.isDisposed) continue;
      if (!tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0))
        return `gave the shape [${tensor.shape.join()}]`;
      if (tensor.size > largestRead) continue;
      if (!agree(tensor.dataSync(), (expected[index] as Tensor).dataSync())) return 'differs from the reference';
    }
    return undefined;
  } catch (error) {
    if (error instanceof TensorError && !(error instanceof InternalError)) {
      return /\n/.test(error.message) || error.message.length > 500 ? `said too much: ${error.message}` : undefined;
    }
    return `threw ${String(error)}`;
  }
}

describe('foreign values', () => {
  afterEach(() => {
    configure({ checkIndices: false });
  });

  test.each(operations.map((operation) => [operation.name, operation] as const))('%s', async (_, { slots, call }) => {
    const valid = (): unknown[] => slots.map((slot) => slot.valid());
    expect(await faultOf(() => call(valid()), true)).toBeUndefined();
    const faults: string[] = [];
    for (const [position, slot] of slots.entries())
      for (const [name, value, accepted] of slot.variations()) {
        const fault = await faultOf(() => call(valid().with(position, value)), accepted);
        if (fault !== undefined) faults.push(`argument ${position} ${name}: ${fault}`);
      }
    expect(faults).toEqual([]);
  });
});
