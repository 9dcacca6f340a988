// Maps that ask where they are, cut where the answers change.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { byRanges } from '../../../src/devices/cpu/loop/ranges.ts';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { DType } from '../../../src/dtype/dtype.ts';
import type { LoopInstruction, LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';
import { ProgramDevice, runnerOn } from './program-device.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

/** Where a source lies along one dimension of the result: from an index on, so many of them, each `step` of the result apart. */
interface Placed {
  readonly from: number;
  readonly size: number;
}

/** Steps that give the elements of a source [rows, columns] where it lies in the result, and 0 elsewhere. */
function placed(binding: number, rows: Placed, columns: Placed, at: number, isFlat: boolean): LoopInstruction[] {
  const body: LoopInstruction[] = [];
  const add = (step: LoopInstruction): number => at + body.push(step) - 1;
  const whole = (value: number): number => add({ kind: 'constant', value, dtype: 'i32' });
  const scalar = (op: 'le' | 'lt' | 'and' | 'min' | 'max' | 'sub' | 'mul' | 'add', ...args: number[]): number =>
    add({ kind: 'scalar', op, args, dtype: op === 'le' || op === 'lt' || op === 'and' ? 'bool' : 'i32' });
  const [places, there] = [rows, columns].reduce<[number[], number[]]>(
    ([found, conditions], { from, size }, dim) => {
      const index = add({ kind: 'index', offset: 0, strides: dim === 0 ? [1, 0] : [0, 1], dtype: 'i32' });
      const place = scalar('sub', index, whole(from));
      const isIn = scalar('and', scalar('le', whole(0), place), scalar('lt', place, whole(size)));
      return [
        [...found, scalar('min', scalar('max', place, whole(0)), whole(size - 1))],
        [...conditions, isIn],
      ];
    },
    [[], []],
  ) as [[number, number], [number, number]];
  const [row, column] = places;
  const index = isFlat ? scalar('add', scalar('mul', row, whole(columns.size)), column) : column;
  const strides = isFlat ? [0, 0] : [columns.size, 0];
  const value = add({ kind: 'gather', access: { binding, offset: 0, strides }, index, stride: 1, dtype: 'f32' });
  add({ kind: 'scalar', op: 'select', args: [scalar('and', ...there), value, add({ kind: 'constant', value: 0, dtype: 'f32' })], dtype: 'f32' }); // prettier-ignore
  return body;
}

interface Case {
  readonly spec: LoopSpec;
  readonly contents: readonly (readonly number[])[];
}

/** Two sources side by side, or over each other, in a result with room around them. */
const anyCase: fc.Arbitrary<Case> = fc.gen().map((draw) => {
  const upTo = (max: number, min = 0): number => draw(fc.integer, { min, max });
  const isFlat = draw(fc.boolean);
  const outer = [upTo(140, 120), upTo(170, 140)] as const;
  const dtype = draw(fc.constantFrom, 'f32', 'f16', 'bf16') as DType;
  const sources = [0, 1].map(() => {
    const within = (size: number): Placed => {
      const from = draw(fc.boolean) ? 0 : upTo(size - 1);
      return { from, size: draw(fc.boolean) ? size - from : upTo(size - from, 1) };
    };
    // Without a displacement of rows, those of the result are those of the source.
    return [isFlat ? within(outer[0]) : { from: 0, size: outer[0] }, within(outer[1])] as const;
  });
  const body: LoopInstruction[] = [];
  const values = sources.map(([rows, columns], binding) => {
    body.push(...placed(binding, rows, columns, body.length, isFlat));
    return body.length - 1;
  });
  body.push({ kind: 'scalar', op: 'add', args: values, dtype: 'f32' });
  body.push({
    kind: 'store',
    access: { binding: 2, offset: 0, strides: [outer[1], 1] },
    arg: body.length - 1,
    each: 'row',
  });
  const size = outer[0] * outer[1];
  return {
    spec: {
      kind: 'loop',
      bindings: [
        { dtype, access: 'read' },
        { dtype, access: 'read' },
        { dtype, access: 'write' },
      ],
      outer: [...outer],
      inner: [],
      body,
    },
    contents: [0, 1, 2].map((seed) => Array.from({ length: size }, (_, at) => ((at * 7 + seed * 31) % 64) / 4 - 8)),
  };
});

const hasKind = ({ body }: LoopSpec, kind: LoopInstruction['kind']): boolean => body.some((step) => step.kind === kind);

describe('maps that ask where they are', () => {
  let parts: ProgramDevice;
  beforeAll(async () => {
    parts = await ProgramDevice.open(({ views }) => ({ run: runnerOn(views), end: () => {} }));
  });
  afterAll(() => parts.dispose());

  test('agree with the reference, whoever runs their units', () => {
    fc.assert(
      fc.property(anyCase, ({ spec, contents }) => {
        const expected = runOn(reference, spec, contents);
        expect(runOn(cpu, spec, contents)).toEqual(expected);
        expect(runOn(parts, spec, contents)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test('ask nothing in their pieces, which are all of them', () => {
    fc.assert(
      fc.property(anyCase, ({ spec }) => {
        const pieces = byRanges(spec);
        fc.pre(pieces.length > 1);
        for (const piece of pieces) {
          expect(hasKind(piece, 'gather') || hasKind(piece, 'index')).toBe(false);
          expect(piece.outer.every((size) => size > 0)).toBe(true);
        }
        const sizes = pieces.map(({ outer: [rows = 0, columns = 0] }) => rows * columns);
        const [rows = 0, columns = 0] = spec.outer;
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(rows * columns);
      }),
    );
  });

  test('that are gradients of three slices are three copies', () => {
    const within = (from: number): Placed => ({ from, size: 128 });
    const body: LoopInstruction[] = [];
    const [first = 0, second = 0, third = 0] = [0, 128, 256].map((from, binding) => {
      body.push(...placed(binding, { from: 0, size: 200 }, within(from), body.length, false));
      return body.length - 1;
    });
    body.push({ kind: 'scalar', op: 'add', args: [first, second], dtype: 'f32' });
    body.push({ kind: 'scalar', op: 'add', args: [body.length - 1, third], dtype: 'f32' });
    body.push({ kind: 'store', access: { binding: 3, offset: 0, strides: [384, 1] }, arg: body.length - 1, each: 'row' }); // prettier-ignore
    const bindings = [0, 1, 2, 3].map((at) => ({ dtype: 'f32', access: at === 3 ? 'write' : 'read' }) as const);
    const pieces = byRanges({ kind: 'loop', bindings, outer: [200, 384], inner: [], body });
    expect(pieces.map(({ outer }) => outer)).toEqual([
      [200, 128],
      [200, 128],
      [200, 128],
    ]);
    for (const piece of pieces) expect(piece.body.filter(({ kind }) => kind === 'load')).toHaveLength(1);
  });

  test('of which pieces would be too many, or too small, stay as they are', () => {
    const [few] = fc.sample(anyCase, { numRuns: 1, seed: 1 }) as [Case];
    expect(byRanges({ ...few.spec, outer: [20, 20] })).toHaveLength(1);
  });
});
