/** What an argument may be, and every wrong thing that is put in its place. */
import { anObject } from '../../src/arguments/index.ts';
import { ones, type Tensor } from '../../src/index.ts';

/** A value that belongs nowhere, or almost nowhere. */
export type Foreign = unknown;

const disposed = (): Tensor => {
  const tensor = ones([2]);
  tensor.dispose();
  return tensor;
};

const unreadable = new Proxy(
  {},
  {
    get: () => {
      throw new Error('read');
    },
    getPrototypeOf: () => {
      throw new Error('asked');
    },
  },
);

/** By name, since some cannot be printed. */
export const foreignValues: ReadonlyMap<string, Foreign> = new Map<string, Foreign>([
  ['undefined', undefined],
  ['null', null],
  ['NaN', Number.NaN],
  ['1.5', 1.5],
  ['-0.5', -0.5],
  ['-1', -1],
  ['-7', -7],
  ['99', 99],
  ['-0', -0],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['2^31', 2 ** 31],
  ['2^53', 2 ** 53],
  ['1e300', 1e300],
  ['true', true],
  ['false', false],
  ["'abc'", 'abc'],
  ["'1'", '1'],
  ["''", ''],
  ['1n', 1n],
  ['a symbol', Symbol('foreign')],
  ['{}', {}],
  ['{ length: 1 }', { length: 1, 0: 1 }],
  ['[]', []],
  ['[[]]', [[]]],
  ['[1.5]', [1.5]],
  ["['1']", ['1']],
  // A hole, not an element.
  ['a hole', new Array<number>(2)],
  ['a function', (): number => 1],
  ['a map', new Map()],
  ['a date', new Date(0)],
  ['a promise', Promise.resolve(1)],
  ['an array buffer', new ArrayBuffer(8)],
  ['a data view', new DataView(new ArrayBuffer(8))],
  ['a Float32Array', new Float32Array(2)],
  ['a BigInt64Array', new BigInt64Array(2)],
  ['no prototype', Object.create(null)],
  ['unreadable', unreadable],
]);

/** One argument: what is right, and which foreign values are no mistake. */
export interface Slot {
  readonly valid: () => unknown;
  /** Wrong values in the place of the argument or of a part of it, with whether they may be taken. */
  readonly variations: () => Iterable<readonly [name: string, value: unknown, accepted: boolean]>;
}

type Accepts = (value: unknown) => boolean;

/** An argument that is one value. */
export function slot(valid: () => unknown, accepts: Accepts): Slot {
  return {
    valid,
    *variations() {
      for (const [name, value] of foreignValues) yield [name, value, value !== unreadable && accepts(value)];
      const tensor = disposed();
      yield ['a disposed tensor', tensor, accepts(tensor)];
    },
  };
}

/** An object that is told from others and never read: also one that cannot be. */
export const subject: Slot = {
  valid: () => ({}),
  *variations() {
    for (const [name, value] of foreignValues) yield [name, value, anObject.holds(value)];
  },
};

const isNumber: Accepts = (value) => typeof value === 'number';
const isInteger: Accepts = (value) => Number.isSafeInteger(value);
const atLeast =
  (least: number): Accepts =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least;

/** The slots of plain values. */
export const number: Slot = slot(() => 1, isNumber);
export const finite: Slot = slot(() => 1, Number.isFinite);
export const integer: Slot = slot(() => 1, isInteger);
export const count: Slot = slot(() => 1, atLeast(0));
export const positive: Slot = slot(() => 1, atLeast(1));
export const axis: Slot = slot(
  () => 0,
  (value) => Object.is(value, -0) || value === -1,
);
export const boolean: Slot = slot(
  () => true,
  (value) => typeof value === 'boolean',
);
export const probability: Slot = slot(
  () => 0.5,
  (value) => isNumber(value) && (value as number) >= 0 && (value as number) <= 1,
);
export const operand: Slot = slot(
  () => 1,
  (value) => isNumber(value) || typeof value === 'boolean',
);
export const callback: Slot = slot(
  () =>
    (x: Tensor): Tensor =>
      x,
  (value) => typeof value === 'function',
);

/** A tensor, and nothing else. */
export function tensorSlot(make: () => Tensor): Slot {
  return slot(make, () => false);
}

/** An argument that may be left out. */
export function optional(inner: Slot): Slot {
  return {
    valid: inner.valid,
    *variations() {
      for (const [name, value, accepted] of inner.variations()) yield [name, value, accepted || value === undefined];
    },
  };
}

/** An array of arguments, each of which may be foreign too. */
export function list(elements: readonly Slot[], takesEmpty = false, takesHoles = false): Slot {
  const valid = (): unknown[] => elements.map((element) => element.valid());
  return {
    valid,
    *variations() {
      for (const [name, value] of foreignValues) {
        const isEmpty = Array.isArray(value) && value.length === 0;
        yield [name, value, (takesEmpty && isEmpty) || (takesHoles && name === 'a hole')];
      }
      for (const [position, element] of elements.entries())
        for (const [name, value, accepted] of element.variations())
          yield [`[${position}] ${name}`, valid().with(position, value), accepted];
    },
  };
}

/** An object of options, all of which may be left out but those `required`; `others` may be there in some operations. */
export function options(
  fields: Readonly<Record<string, Slot>>,
  required: readonly string[] = [],
  others: 'refused' | 'ignored' = 'refused',
): Slot {
  const valid = (): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.valid()]));
  const holdsNone: Accepts = (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    value !== unreadable &&
    (others === 'ignored' || Object.keys(value).length === 0);
  return {
    valid,
    *variations() {
      for (const [name, value] of foreignValues)
        yield [name, value, required.length === 0 && (value === undefined || holdsNone(value))];
      yield ['an unknown option', { ...valid(), unknownOption: 1 }, others === 'ignored'];
      for (const [field, inner] of Object.entries(fields))
        for (const [name, value, accepted] of inner.variations())
          yield [
            `${field} ${name}`,
            { ...valid(), [field]: value },
            accepted || (value === undefined && !required.includes(field)),
          ];
    },
  };
}
