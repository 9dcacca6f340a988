// Products that hand their elements to an epilogue, block by block: the bytes of the product and then the loop.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import type { Device } from '../../../src/device/device.ts';
import { renumbered } from '../../../src/kernel/loop-steps.ts';
import type { Access, Binding, LoopInstruction, MatmulSpec } from '../../../src/kernel/spec.ts';
import type { ScalarOp } from '../../../src/scalar/instructions.ts';
import { contiguousStrides } from '../../../src/shape/shape.ts';
import { runOn } from '../run-on.ts';
import { ProgramDevice, runnerOn } from './program-device.ts';

const cpu = createCpuDevice();
const read: Binding = { dtype: 'f32', access: 'read' };
const write: Binding = { dtype: 'f32', access: 'write' };

interface Case {
  readonly spec: MatmulSpec;
  readonly contents: readonly (readonly number[])[];
}

/** Steps behind others. */
const behind = (before: readonly LoopInstruction[], steps: readonly LoopInstruction[]): LoopInstruction[] => [
  ...before,
  ...steps.map((step) => renumbered(step, (position) => position + before.length)),
];

/** act(sum · vector + matrix), stored as f32 by rows or by columns, and half of it in f16. */
const cases: fc.Arbitrary<Case> = fc.gen().map((draw) => {
  const upTo = (max: number): number => draw(fc.integer, { min: 1, max });
  const batch = draw(fc.boolean) ? [] : [upTo(3)];
  const [m, n, k] = [upTo(draw(fc.constantFrom, 3, 20, 150)), upTo(draw(fc.constantFrom, 3, 20, 300)), upTo(300)];
  const shape = [...batch, m, n];
  const place = (sizes: readonly number[]): number[] => {
    const strides = contiguousStrides(sizes);
    return draw(fc.boolean) ? [...strides] : [...strides.slice(0, -2), 1, sizes.at(-2) ?? 1];
  };
  const sizeOf = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);
  const at = (binding: number, offset: number, strides: readonly number[]): Access => ({ binding, offset, strides });
  const alongRows = draw(fc.boolean);
  const vector = at(2, 1, [...batch.map(() => 0), ...(alongRows ? [1, 0] : [0, 1])]);
  const scalar = (op: ScalarOp, ...args: number[]): LoopInstruction => ({ kind: 'scalar', op, args, dtype: 'f32' });
  // What is stored before the sums are read must not be where they lie.
  const load: LoopInstruction = { kind: 'load', access: at(3, 1, place(shape)), dtype: 'f32' };
  const keep: LoopInstruction = { kind: 'store', access: at(6, 0, place(shape)), arg: 0, each: 'row' };
  const spec: MatmulSpec = {
    kind: 'matmul',
    bindings: [read, read, read, read, write, { dtype: 'f16', access: 'write' }, write],
    batch,
    m,
    n,
    k,
    a: at(0, 0, place([...batch, m, k])),
    b: at(1, 0, draw(fc.boolean) ? place([...batch, k, n]) : [...batch.map(() => 0), n, 1]),
    epilogue: behind(draw(fc.boolean) ? [load, keep] : [], [
      { kind: 'accumulator', dtype: 'f32' },
      { kind: 'load', access: vector, dtype: 'f32' },
      scalar('mul', 0, 1),
      { kind: 'load', access: at(3, 2, place(shape)), dtype: 'f32' },
      scalar('add', 2, 3),
      scalar(draw(fc.constantFrom, 'tanh', 'exp', 'abs'), 4),
      { kind: 'constant', value: 0.5, dtype: 'f32' },
      scalar('max', 5, 6),
      { kind: 'store', access: at(4, 0, place(shape)), arg: 7, each: 'row' },
      scalar('mul', 7, 6),
      { kind: 'store', access: at(5, 0, place(shape)), arg: 9, each: 'row' },
    ]),
  };
  const filled = (length: number, seed: number): number[] =>
    Array.from({ length }, (_, i) => Math.fround(((Math.imul(i + seed, 2654435761) >>> 12) % 1000) / 500 - 1));
  const lengths = [sizeOf([...batch, m, k]), sizeOf([...batch, k, n]), m + n + 1, sizeOf(shape) + 2];
  // Sums of small whole numbers are exact, in whichever order they are taken.
  const factors = lengths.slice(0, 2).map((length, seed) => filled(length, seed).map((value) => Math.round(value * 4)));
  const operands = lengths
    .slice(2)
    .map((length, seed) => filled(length, seed + 2).map((value) => Math.fround(value / 64)));
  return { spec, contents: [...factors, ...operands, ...[4, 5, 6].map(() => filled(sizeOf(shape), 9))] };
});

/** The product into a buffer of its own, and then the epilogue as a loop. */
function apart(device: Device, { spec, contents }: Case): number[][] {
  const { batch, m, n, epilogue = [], ...rest } = spec;
  const shape = [...batch, m, n];
  const sums: Access = { binding: 2, offset: 0, strides: contiguousStrides(shape) };
  const size = shape.reduce((product, length) => product * length, 1);
  const product: MatmulSpec = { ...rest, batch, m, n, bindings: [read, read, write], out: sums };
  const made = runOn(device, product, [...contents.slice(0, 2), new Array<number>(size).fill(0)])[2] as number[];
  const body = epilogue.map((step): LoopInstruction =>
    step.kind === 'accumulator' ? { kind: 'load', access: { ...sums, binding: 0 }, dtype: 'f32' } : step,
  );
  const bindings = spec.bindings.map((binding, at) => (at === 0 ? read : binding));
  const loop = { kind: 'loop', bindings, outer: shape, inner: [], body } as const;
  return [contents[0] as number[], ...runOn(device, loop, [made, ...contents.slice(1)]).slice(1)];
}

describe('a product with an epilogue', () => {
  let parts: ProgramDevice;
  beforeAll(async () => {
    parts = await ProgramDevice.open(({ views }) => ({ run: runnerOn(views), end: () => {} }));
  });
  afterAll(() => parts.dispose());

  test('is the product and then the loop, to the bit, whoever runs which of its units', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        expect(cpu.accepts(drawn.spec)).toBe(true);
        const wanted = apart(cpu, drawn);
        expect(runOn(cpu, drawn.spec, drawn.contents)).toEqual(wanted);
        expect(runOn(parts, drawn.spec, drawn.contents)).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  test('sums up in blocks before it is finished', () => {
    const [m, n, k] = [130, 1030, 600];
    const spec: MatmulSpec = {
      kind: 'matmul',
      bindings: [read, read, write],
      batch: [],
      m,
      n,
      k,
      a: { binding: 0, offset: 0, strides: [k, 1] },
      b: { binding: 1, offset: 0, strides: [n, 1] },
      epilogue: [
        { kind: 'accumulator', dtype: 'f32' },
        { kind: 'scalar', op: 'neg', args: [0], dtype: 'f32' },
        { kind: 'store', access: { binding: 2, offset: 0, strides: [n, 1] }, arg: 1, each: 'row' },
      ],
    };
    const ones = (length: number): number[] => new Array<number>(length).fill(1);
    const out = runOn(cpu, spec, [ones(m * k), ones(k * n), ones(m * n)])[2] as number[];
    expect(new Set(out)).toEqual(new Set([-k]));
  });

  test.each([
    ['whose result has no place for sums', [write, { dtype: 'f16', access: 'write' }], []],
    ['that counts elements', [write, write], [{ kind: 'index', offset: 0, strides: [2, 1], dtype: 'i32' } as const]],
    ['that the host computes', [write, write], [{ kind: 'scalar', op: 'sin', args: [0], dtype: 'f32' } as const]],
  ])('%s is left to a loop', (_, [, result], steps) => {
    const at = (binding: number): Access => ({ binding, offset: 0, strides: [2, 1] });
    const spec: MatmulSpec = {
      kind: 'matmul',
      bindings: [read, read, result as Binding],
      batch: [],
      m: 2,
      n: 2,
      k: 2,
      a: at(0),
      b: at(1),
      epilogue: [
        { kind: 'accumulator', dtype: 'f32' },
        ...steps,
        { kind: 'store', access: at(2), arg: 0, each: 'row' },
      ],
    };
    expect(cpu.accepts(spec)).toBe(false);
  });
});
