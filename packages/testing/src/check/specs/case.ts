/** A kernel spec with the contents of its bindings, and how devices are compared on it. */
import { dtypes, type Binding, type Device, type DType, type KernelSpec, type Limit } from '@espalier/tensor';
import fc from 'fast-check';
import { compareValues, describeDifference } from '../../compare/compare.ts';
import { MismatchError } from '../../errors.ts';
import type { Describable } from '../property.ts';

/** A spec, and what its bindings hold before it runs. */
export class SpecCase implements Describable {
  readonly spec: KernelSpec;
  readonly contents: readonly (readonly number[])[];

  constructor(spec: KernelSpec, contents: readonly (readonly number[])[]) {
    this.spec = spec;
    this.contents = contents;
  }

  describe(): string {
    const { bindings, ...rest } = this.spec;
    const buffers = bindings.map(
      ({ dtype, access }, position) =>
        `binding ${position}: ${access} ${dtype} [${(this.contents[position] ?? []).join(', ')}]`,
    );
    const fields = Object.entries(rest).flatMap(([name, value]: [string, unknown]) =>
      name === 'body' && Array.isArray(value)
        ? value.map((step, position) => `step ${position}: ${JSON.stringify(step)}`)
        : [`${name}: ${JSON.stringify(value)}`],
    );
    return [...fields, ...buffers].join('\n');
  }
}

/**
 * @throws {MismatchError} if any binding holds other values after the spec ran on `device` than after it ran on
 * `reference`.
 */
export async function compareOnSpec({ spec, contents }: SpecCase, device: Device, reference: Device): Promise<void> {
  const expected = await execute(spec, contents, reference);
  const actual = await execute(spec, contents, device);
  for (const [position, values] of expected.entries()) {
    const difference = compareValues(actual[position] ?? [], values, { absolute: 0, relative: 0 });
    if (difference) throw new MismatchError(`binding ${position}: ${describeDifference(difference, [values.length])}`);
  }
}

/** The contents of every binding after one run. */
async function execute(
  spec: KernelSpec,
  contents: readonly (readonly number[])[],
  device: Device,
): Promise<number[][]> {
  const dtypeOf = (position: number): DType => spec.bindings[position]?.dtype ?? 'f32';
  const buffers = contents.map((values, position) => {
    const bytes = encode(dtypeOf(position), values);
    const buffer = device.allocate(bytes.length);
    device.write(buffer, 0, bytes);
    return buffer;
  });
  try {
    const kernel = device.prepare(spec);
    const scratch = (kernel.scratch ?? []).map((bytes) => device.allocate(bytes));
    const ranges = [...buffers, ...scratch].map((buffer) => ({ buffer, byteOffset: 0, byteLength: buffer.bytes }));
    device.run([{ kernel, ranges }]);
    for (const buffer of scratch) device.free(buffer);
    const results: number[][] = [];
    for (const [position, buffer] of buffers.entries()) {
      results.push(decode(dtypeOf(position), await device.read(buffer, 0, buffer.bytes)));
    }
    return results;
  } finally {
    for (const buffer of buffers) device.free(buffer);
  }
}

function encode(dtype: DType, values: readonly number[]): Uint8Array {
  const info = dtypes[dtype];
  const bytes = new Uint8Array(values.length * info.bytes);
  info.view(bytes.buffer, 0, values.length).set(values.map(info.encode));
  return bytes;
}

function decode(dtype: DType, bytes: Uint8Array<ArrayBuffer>): number[] {
  const info = dtypes[dtype];
  return Array.from(info.view(bytes.buffer, bytes.byteOffset, bytes.length / info.bytes), info.decode);
}

/** Whether `dtype` holds every whole number up to `bound` in magnitude. */
export function holdsExactly(dtype: DType, bound: number): boolean {
  const { kind, max, epsilon } = dtypes[dtype];
  return kind === 'float' ? bound <= 2 / epsilon : kind === 'bool' ? true : bound <= max;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** Row-major strides of a shape. */
export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** A dtype of the device that holds whole numbers up to `bound`; every device has one, f32. */
export function drawNumeric(draw: fc.GeneratorValue, device: Device, bound: number): DType {
  const names = [...device.capabilities.dtypes].filter(
    (name) => dtypes[name].kind !== 'bool' && holdsExactly(name, bound),
  );
  return names[draw(anyInteger, 0, names.length - 1)] ?? 'f32';
}

/** Whole numbers from -3 to 3; not below 0 where the dtype has no sign. */
export function drawContents(draw: fc.GeneratorValue, dtype: DType, length: number): number[] {
  return draw(anyNumbers, length, dtypes[dtype].min < 0 ? -3 : 0, 3);
}

/** What outputs hold at first. */
export function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}

/** Limits of some dimensions, with the bindings that they are read from and what those hold. */
export interface DrawnLimits {
  readonly limits: readonly Limit[];
  readonly bindings: readonly Binding[];
  readonly contents: readonly (readonly number[])[];
}

/**
 * Limits of some dimensions of these sizes, bound from `first` on. Lengths are from `lowest` to one more than the size: those
 * that are none are clamped.
 */
export function drawLimits(draw: fc.GeneratorValue, sizes: readonly number[], first: number, lowest = -1): DrawnLimits {
  const limits: Limit[] = [];
  const contents: number[][] = [];
  for (const [dim, size] of sizes.entries()) {
    if (draw(anyInteger, 0, 3) < 3) continue;
    const offset = draw(anyInteger, 0, 2);
    const length = draw(anyInteger, lowest, size + 1);
    limits.push({ dim, binding: first + contents.length, offset });
    contents.push([...new Array<number>(offset).fill(size), length]);
  }
  return { limits, contents, bindings: contents.map(() => ({ dtype: 'i32', access: 'read' })) };
}

// Builders given to `fc.gen` have to be the same functions at every call, or it cannot shrink what they drew.

/** A whole number between both bounds, inclusive. */
export function anyInteger(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min, max });
}

/** One or two sizes up to `max`. */
export function anySizes(max: number): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: 2 });
}

/** The axes of `rank` dimensions in the order of their strides, smallest first; often row-major. */
export function anyOrder(rank: number): fc.Arbitrary<number[]> {
  const axes = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return fc.oneof(fc.constant(axes), fc.shuffledSubarray(axes, { minLength: rank, maxLength: rank }));
}

/** `length` whole numbers; beyond a hundred they follow from one drawn number, for speed. */
export function anyNumbers(length: number, low: number, high: number): fc.Arbitrary<number[]> {
  if (length <= 100) return fc.array(fc.integer({ min: low, max: high }), { minLength: length, maxLength: length });
  return fc.nat({ max: 2 ** 30 }).map((start) => {
    let state = start;
    return Array.from({ length }, () => {
      // The linear congruential generator of Numerical Recipes; its high bits are good enough to fill a matrix.
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return low + Math.floor((state / 2 ** 32) * (high - low + 1));
    });
  });
}
