/** What may stand in the place of an argument, and what may come of it. */
import { InternalError, TensorError } from '@espalier/tensor';

/** A function and arguments that are right. */
export type Operation = readonly [
  name: string,
  call: (...args: readonly unknown[]) => unknown,
  valid: () => readonly unknown[],
];

/** A function, as it is called in here: with anything. */
export function row(name: string, call: (...args: never[]) => unknown, valid: () => readonly unknown[]): Operation {
  return [name, call as Operation[1], valid];
}

/** A class, whose constructor is called. */
export function made(name: string, type: new (...args: never[]) => unknown, valid: Operation[2]): Operation {
  return row(name, (...args) => new type(...args), valid);
}

/** Values of every kind; of places that take one of them the others are foreign. */
export const foreignValues: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['undefined', undefined],
  ['null', null],
  ['NaN', Number.NaN],
  ['1.5', 1.5],
  ['-1', -1],
  ['99', 99],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['true', true],
  ["'abc'", 'abc'],
  ["''", ''],
  ['1n', 1n],
  ['a symbol', Symbol('foreign')],
  ['{}', {}],
  ['{ misspelt: 1 }', { misspelt: 1 }],
  ['[]', []],
  ['[1]', [1]],
  ['[[1]]', [[1]]],
  ['[null]', [null]],
  ['a function', (): number => 1],
  ['a map', new Map()],
  ['a map of a number', new Map([['a', 1]])],
  ['a date', new Date(0)],
  ['an array buffer', new ArrayBuffer(8)],
]);

/** What is wrong with an outcome; undefined for a result, and for an error that says which operation, what and why. */
async function faultOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (!(error instanceof TensorError) || error instanceof InternalError) return `threw ${String(error)}`;
    return error.message.length > 500 || /\[object /u.test(error.message) ? error.message : undefined;
  }
}

/** A value with one of its parts replaced, for options and lists. */
function* changed(value: unknown, depth: number): Generator<readonly [string, unknown]> {
  for (const [name, foreign] of foreignValues) yield [name, foreign];
  const isPlain = Object(value) === value && Object.getPrototypeOf(value) === Object.prototype;
  if (depth === 0 || !(isPlain || Array.isArray(value))) return;
  for (const key of Object.keys(value as object))
    for (const [name, part] of changed(Reflect.get(value as object, key), depth - 1)) {
      const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
      Reflect.set(copy, key, part);
      yield [`${key}: ${name}`, copy];
    }
}

/** What is wrong with an operation: that it refuses what is right, or how it fails on something else. */
export async function faultsOf([, call, valid]: Operation): Promise<string[]> {
  const faults: string[] = [];
  await Promise.resolve(call(...valid()));
  const none = await faultOf(() => call());
  if (none !== undefined) faults.push(`without arguments: ${none}`);
  for (const place of valid().keys())
    for (const [name, foreign] of changed(valid()[place], 2)) {
      const fault = await faultOf(() => call(...valid().with(place, foreign)));
      if (fault !== undefined) faults.push(`argument ${place} ${name}: ${fault}`);
    }
  return faults;
}
