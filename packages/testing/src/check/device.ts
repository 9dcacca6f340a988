/**
 * The laws of a device, below the level of tensors: what is written can be read back, kernels run in order and touch
 * only their ranges, and what is freed is no longer counted. A random program runs on the device and on plain arrays.
 */
import fc from 'fast-check';
import type { BufferRange, Device, DeviceBuffer, KernelSpec } from '@espalier/tensor';
import { MismatchError } from '../errors.ts';
import type { CheckReport, DrawOptions } from '../settings.ts';
import { checkProperty, type Describable } from './property.ts';

/** One step of a program. `buffer` picks among the live buffers; `at` and `length` count units of the offset alignment. */
type Step =
  | { readonly kind: 'allocate'; readonly length: number; readonly spare: number }
  | { readonly kind: 'free'; readonly buffer: number }
  | { readonly kind: 'write'; readonly buffer: number; readonly at: number; readonly bytes: readonly number[] }
  | {
      readonly kind: 'increment';
      readonly buffer: number;
      readonly at: number;
      readonly length: number;
      readonly times: number;
    }
  | { readonly kind: 'copy'; readonly buffer: number; readonly to: number; readonly length: number }
  | { readonly kind: 'read'; readonly buffer: number; readonly at: number };

/**
 * Runs random programs of allocations, writes, kernels and reads on `device` and on plain arrays, and compares after
 * every read. The device ends with as much memory in use as it had before.
 * @throws {CheckError} with the shortest program that goes wrong.
 */
export async function checkDevice(device: Device, options: DrawOptions = {}): Promise<CheckReport> {
  return checkProperty(
    `device '${device.name}'`,
    anyProgram,
    (program) => runProgram(device, program.steps),
    options,
    50,
  );
}

class Program implements Describable {
  readonly steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.steps = steps;
  }

  describe(): string {
    return this.steps.map((step) => JSON.stringify(step)).join('\n');
  }
}

const which = fc.nat({ max: 7 });
const units = fc.nat({ max: 6 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('allocate' as const), length: units, spare: fc.nat({ max: 15 }) }),
  fc.record({ kind: fc.constant('free' as const), buffer: which }),
  fc.record({
    kind: fc.constant('write' as const),
    buffer: which,
    at: units,
    bytes: fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 40 }),
  }),
  fc.record({
    kind: fc.constant('increment' as const),
    buffer: which,
    at: units,
    length: units,
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('copy' as const), buffer: which, to: which, length: units }),
  fc.record({ kind: fc.constant('read' as const), buffer: which, at: units }),
);
const anyProgram = fc
  .array(steps, { maxLength: 24, size: 'max' })
  .map(
    (rest) =>
      new Program([{ kind: 'allocate', length: 4, spare: 0 }, { kind: 'allocate', length: 2, spare: 5 }, ...rest]),
  );

interface Pair {
  readonly buffer: DeviceBuffer;
  /** What the buffer should hold; bytes nothing was written to are not compared. */
  readonly expected: Uint8Array;
  readonly known: Uint8Array;
}

async function runProgram(device: Device, program: readonly Step[]): Promise<void> {
  const before = device.memory();
  const live: Pair[] = [];
  try {
    for (const step of program) await runStep(device, live, step, before.bytes);
    for (const pair of live) await compareBytes(device, pair, 0);
  } finally {
    for (const { buffer } of live) device.free(buffer);
  }
  await device.synchronize();
  const after = device.memory();
  if (after.buffers !== before.buffers || after.bytes !== before.bytes) {
    throw new MismatchError(
      `everything was freed, yet memory() went from ${JSON.stringify(before)} to ${JSON.stringify(after)}`,
    );
  }
}

async function runStep(device: Device, live: Pair[], step: Step, bytesBefore: number): Promise<void> {
  const unit = Math.max(4, device.capabilities.offsetAlignment);
  if (step.kind === 'allocate') {
    const bytes = step.length * unit + step.spare;
    live.push({ buffer: device.allocate(bytes), expected: new Uint8Array(bytes), known: new Uint8Array(bytes) });
    const total = bytesBefore + live.reduce((sum, { expected }) => sum + expected.length, 0);
    if (device.memory().bytes !== total)
      throw new MismatchError(`memory().bytes is ${device.memory().bytes} with ${total} bytes allocated`);
    return;
  }
  const position = step.buffer % Math.max(1, live.length);
  const pair = live[position];
  if (!pair) return;
  const { buffer, expected, known } = pair;
  switch (step.kind) {
    case 'free':
      live.splice(position, 1);
      device.free(buffer);
      return;
    case 'write': {
      const at = step.at * unit;
      const bytes = Uint8Array.from(step.bytes).subarray(0, Math.max(0, expected.length - at));
      if (bytes.length === 0) return;
      device.write(buffer, at, bytes);
      expected.set(bytes, at);
      known.fill(1, at, at + bytes.length);
      return;
    }
    case 'increment': {
      const at = step.at * unit;
      const words = Math.min(step.length * (unit / 4), Math.floor((expected.length - at) / 4));
      if (words <= 0) return;
      const call = { kernel: device.prepare(incrementKernel(words)), ranges: [range(buffer, at, words)] };
      device.run(Array.from({ length: step.times }, () => call));
      const view = new DataView(expected.buffer);
      for (let word = 0; word < words; word++)
        view.setUint32(at + word * 4, view.getUint32(at + word * 4, true) + step.times, true);
      return;
    }
    case 'copy': {
      const target = live[step.to % live.length];
      if (!target || target === pair) return;
      const words = Math.min(
        step.length * (unit / 4),
        Math.floor(expected.length / 4),
        Math.floor(target.expected.length / 4),
      );
      if (words === 0) return;
      device.run([
        {
          kernel: device.prepare(copyKernel(words)),
          ranges: [range(buffer, 0, words), range(target.buffer, 0, words)],
        },
      ]);
      target.expected.set(expected.subarray(0, words * 4));
      target.known.set(known.subarray(0, words * 4));
      return;
    }
    case 'read':
      await compareBytes(device, pair, Math.min(step.at * unit, Math.floor(expected.length / 4) * 4));
  }
}

async function compareBytes(device: Device, { buffer, expected, known }: Pair, at: number): Promise<void> {
  const length = expected.length - at;
  const reads = [await device.read(buffer, at, length)];
  if (device.capabilities.synchronousRead) reads.push(device.readSync(buffer, at, length));
  for (const [way, actual] of reads.entries()) {
    if (actual.length !== length) throw new MismatchError(`reading ${length} bytes gave ${actual.length}`);
    const wrong = actual.findIndex((byte, position) => known[at + position] === 1 && byte !== expected[at + position]);
    if (wrong < 0) continue;
    throw new MismatchError(
      `${way === 0 ? 'read' : 'readSync'}: byte ${at + wrong} of ${expected.length} is ${actual[wrong]}, expected ${expected[at + wrong]}`,
    );
  }
}

function range(buffer: DeviceBuffer, byteOffset: number, words: number): BufferRange {
  return { buffer, byteOffset, byteLength: words * 4 };
}

const element = (binding: number) => ({ binding, offset: 0, strides: [1] });

function incrementKernel(words: number): KernelSpec {
  return {
    kind: 'loop',
    bindings: [{ dtype: 'u32', access: 'readwrite' }],
    outer: [words],
    inner: [],
    body: [
      { kind: 'load', access: element(0), dtype: 'u32' },
      { kind: 'constant', value: 1, dtype: 'u32' },
      { kind: 'scalar', op: 'add', args: [0, 1], dtype: 'u32' },
      { kind: 'store', access: element(0), arg: 2, each: 'row' },
    ],
  };
}

function copyKernel(words: number): KernelSpec {
  return {
    kind: 'loop',
    bindings: [
      { dtype: 'u32', access: 'read' },
      { dtype: 'u32', access: 'write' },
    ],
    outer: [words],
    inner: [],
    body: [
      { kind: 'load', access: element(0), dtype: 'u32' },
      { kind: 'store', access: element(1), arg: 0, each: 'row' },
    ],
  };
}
