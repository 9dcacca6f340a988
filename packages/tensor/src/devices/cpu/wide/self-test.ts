/** Kernels of each kind, run on a device until its engine has optimized them, and compared with what they mean, in doubles. */
import type { Device } from '../../../device/device.ts';
import type { Binding, KernelSpec, LoopInstruction, MatmulSpec } from '../../../kernel/spec.ts';

/** Milliseconds after which an engine has optimized what runs all the time. */
const warmUp = 40;
/** Of the largest value. */
const tolerance = 1e-5;

/** A kernel on operands a and b, and what it means. */
interface Case {
  readonly spec: KernelSpec;
  readonly expected: (a: Float32Array, b: Float32Array) => readonly number[];
}

const bindings: readonly Binding[] = [
  { dtype: 'f32', access: 'read' },
  { dtype: 'f32', access: 'read' },
  { dtype: 'f32', access: 'write' },
];

const product = (m: number, n: number, k: number, isTransposed = false): Case => {
  const [bRow, bColumn] = isTransposed ? [1, k] : [n, 1];
  const spec: MatmulSpec = {
    kind: 'matmul',
    bindings,
    batch: [],
    m,
    n,
    k,
    a: { binding: 0, offset: 0, strides: [k, 1] },
    b: { binding: 1, offset: 0, strides: [bRow, bColumn] },
    out: { binding: 2, offset: 0, strides: [n, 1] },
  };
  const element = (a: Float32Array, b: Float32Array, i: number, j: number): number => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += (a[i * k + p] as number) * (b[p * bRow + j * bColumn] as number);
    return sum;
  };
  return { spec, expected: (a, b) => grid(m, n, (i, j) => element(a, b, i, j)) };
};

/** Values by row and column, in row-major order. */
const grid = (rows: number, columns: number, value: (i: number, j: number) => number): number[] =>
  Array.from({ length: rows * columns }, (_, at) => value(Math.floor(at / columns), at % columns));

const load = (binding: number, strides: readonly number[]): LoopInstruction => ({
  kind: 'load',
  access: { binding, offset: 0, strides },
  dtype: 'f32',
});
const scalar = (op: 'add' | 'mul' | 'sub' | 'exp' | 'tanh' | 'max', ...args: number[]): LoopInstruction => ({
  kind: 'scalar',
  op,
  args,
  dtype: 'f32',
});
const reduce = (op: 'sum' | 'max', arg: number): LoopInstruction => ({ kind: 'reduce', op, arg, dtype: 'f32' });
const store = (arg: number, strides: readonly number[], each: 'point' | 'row' = 'point'): LoopInstruction => ({
  kind: 'store',
  access: { binding: 2, offset: 0, strides },
  arg,
  each,
});

const [rows, columns] = [37, 211];

const loop = (outer: readonly number[], inner: readonly number[], body: readonly LoopInstruction[]): KernelSpec => ({
  kind: 'loop',
  bindings,
  outer,
  inner,
  body,
});

const at = (values: Float32Array, place: number): number => values[place] as number;

const cases: readonly Case[] = [
  product(64, 64, 64),
  product(61, 75, 300),
  product(128, 19, 33, true),
  product(3, 200, 100),
  product(1, 256, 200, true),
  // A map, of one operand turned over.
  {
    spec: loop(
      [rows, columns],
      [],
      [load(0, [columns, 1]), load(1, [1, rows]), scalar('mul', 0, 1), scalar('add', 2, 0), store(3, [columns, 1])],
    ),
    expected: (a, b) =>
      grid(rows, columns, (i, j) => at(a, i * columns + j) * at(b, i + j * rows) + at(a, i * columns + j)),
  },
  {
    spec: loop([rows * columns], [], [load(0, [1]), scalar('tanh', 0), scalar('mul', 0, 1), store(2, [1])]),
    expected: (a) => grid(1, rows * columns, (_, j) => at(a, j) * Math.tanh(at(a, j))),
  },
  // Rows from which their largest is taken off, and columns that are summed.
  {
    spec: loop(
      [rows],
      [columns],
      [
        load(0, [columns, 1]),
        reduce('max', 0),
        scalar('sub', 0, 1),
        scalar('exp', 2),
        reduce('sum', 3),
        scalar('mul', 3, 4),
        store(5, [columns, 1]),
      ],
    ),
    expected: (a) => {
      const row = (i: number): Float32Array => a.subarray(i * columns, (i + 1) * columns);
      const most = Array.from({ length: rows }, (_, i) => Math.max(...row(i)));
      const shifted = (i: number, j: number): number => Math.exp(at(row(i), j) - (most[i] as number));
      const sums = most.map((_, i) => row(i).reduce((sum, __, j) => sum + shifted(i, j), 0));
      return grid(rows, columns, (i, j) => shifted(i, j) * (sums[i] as number));
    },
  },
  {
    spec: loop(
      [columns],
      [rows],
      [load(0, [1, columns]), load(1, [1, columns]), scalar('mul', 0, 1), reduce('sum', 2), store(3, [1], 'row')],
    ),
    expected: (a, b) => {
      const sums = new Array<number>(columns).fill(0);
      for (let place = 0; place < rows * columns; place++)
        sums[place % columns] = (sums[place % columns] as number) + at(a, place) * at(b, place);
      return sums;
    },
  },
];

/** Milliseconds. */
const now = (): number => (globalThis as unknown as { readonly performance: { now(): number } }).performance.now();

/** Elements of each operand, more than any of them reads. */
const elements = 2 ** 16;

/** Numbers between -1 and 1, always the same. */
function numbers(seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: elements }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** A kernel on operands of its own, to be run again and again. */
function prepared(device: Device, spec: KernelSpec): { readonly run: () => void; readonly result: () => Float32Array } {
  const buffers = [numbers(1), numbers(2), new Float32Array(elements)].map((values) => {
    const buffer = device.allocate(values.byteLength);
    device.write(buffer, 0, new Uint8Array(values.buffer));
    return buffer;
  });
  const kernel = device.prepare(spec);
  const scratch = (kernel.scratch ?? []).map((bytes) => device.allocate(bytes));
  const ranges = [...buffers, ...scratch].map((buffer) => ({ buffer, byteOffset: 0, byteLength: buffer.bytes }));
  const [, , result] = buffers as [(typeof buffers)[0], (typeof buffers)[0], (typeof buffers)[0]];
  return {
    run: () => device.run([{ kernel, ranges }]),
    result: () => new Float32Array(device.readSync(result, 0, result.bytes).buffer),
  };
}

/** Runs until so many milliseconds have passed. */
function keepRunning(run: () => void, milliseconds: number): void {
  const until = now() + milliseconds;
  while (now() < until) run();
}

/** What a device computes wrongly; undefined if nothing. */
export function flawOf(device: Device): string | undefined {
  for (const [position, { spec, expected }] of cases.entries()) {
    const wanted = expected(numbers(1), numbers(2));
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const { run, result } = prepared(device, spec);
    run();
    keepRunning(run, warmUp);
    const found = result();
    const wrong = wanted.findIndex((value, i) => !(Math.abs(at(found, i) - value) <= tolerance * largest));
    if (wrong >= 0) return `kernel ${position} of its test, a ${spec.kind}, is wrong at element ${wrong}`;
  }
  return undefined;
}

/** What a product takes on a device: the least of several rounds. */
export function millisecondsOf(device: Device): number {
  const { run } = prepared(device, product(160, 160, 160).spec);
  keepRunning(run, 2 * warmUp);
  let least = Infinity;
  for (let round = 0; round < 30; round++) {
    const began = now();
    run();
    least = Math.min(least, now() - began);
  }
  return least;
}
