/** Compares an op on a device with the reference device, over its whole domain. */
import {
  createReferenceDevice,
  dtypes,
  scope,
  withDevice,
  type Case,
  type Device,
  type DType,
  type OpEntry,
  type Shape,
  type Tensor,
} from '@espalier/tensor';
import { smallestNormal, smallestSubnormal } from '../arbitraries/element.ts';
import type { TensorSample } from '../arbitraries/tensor.ts';
import { compareValues, describeDifference, type Allowance } from '../compare/compare.ts';
import { MismatchError } from '../errors.ts';
import type { CheckReport, DrawOptions } from '../settings.ts';
import { anyOpCase, type OpCase } from './case.ts';
import { checkProperty } from './property.ts';

/** Options of `checkOp`. */
export interface OpCheckOptions extends DrawOptions {
  /** The oracle. Default: a new reference device. */
  readonly reference?: Device;
  /** False for devices that may flush subnormal numbers to zero, as WGSL allows. Default true. */
  readonly subnormals?: boolean;
}

/**
 * Draws cases from the op's whole domain (dtypes, shapes, views, attributes, special values where it allows them), runs
 * them on `device` and on the reference, and compares results within the op's tolerance. Also checks that nothing stays
 * allocated on the device.
 * @throws {CheckError} with the smallest failing case.
 */
export async function checkOp(entry: OpEntry, device: Device, options: OpCheckOptions = {}): Promise<CheckReport> {
  const { reference = createReferenceDevice('oracle'), subnormals = true } = options;
  const cases = anyOpCase(entry, { device, special: { subnormal: subnormals } });
  return checkProperty(
    `${entry.name} on ${device.name}`,
    cases,
    (drawn) => holds(drawn, device, reference, subnormals),
    options,
    50,
  );
}

/** One output of an op, as data. */
interface Result {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
}

async function holds(drawn: OpCase, device: Device, reference: Device, subnormals: boolean): Promise<void> {
  const { entry, inputs, attributes } = drawn;
  const before = device.memory().buffers;
  // The oracle sees contiguous inputs: how a tensor is stored must not matter.
  const contiguous = inputs.map((input) => input.as(input.dtype));
  const expected = await evaluate(entry, contiguous, attributes, reference);
  const actual = await evaluate(entry, inputs, attributes, device);
  if (actual.length !== expected.length)
    throw new MismatchError(`gave ${actual.length} results, the reference ${expected.length}`);
  const magnitudes =
    entry.tolerance?.accumulated === true
      ? await evaluate(entry, contiguous.map(magnitudeOf), attributes, reference)
      : [];
  for (const [position, result] of expected.entries()) {
    compareResults(entry, actual[position] as Result, result, magnitudes[position], longest(inputs), subnormals);
  }
  const after = device.memory().buffers;
  if (after > before)
    throw new MismatchError(`${after - before} buffers are still allocated after everything was disposed of`);
}

async function evaluate(
  entry: OpEntry,
  inputs: readonly TensorSample[],
  attributes: Case['attributes'],
  device: Device,
): Promise<Result[]> {
  const outputs = withDevice(device, () =>
    scope(() => {
      const output = entry.run(
        inputs.map((input) => input.toTensor(device)),
        attributes,
      );
      return isList(output) ? [...output] : [output];
    }),
  );
  const results: Result[] = [];
  for (const output of outputs) results.push({ dtype: output.dtype, shape: output.shape, values: await output.data() });
  for (const output of outputs) output.dispose();
  return results;
}

function isList(output: Tensor | readonly Tensor[]): output is readonly Tensor[] {
  return Array.isArray(output);
}

function compareResults(
  entry: OpEntry,
  actual: Result,
  expected: Result,
  magnitude: Result | undefined,
  folded: number,
  subnormals: boolean,
): void {
  if (actual.dtype !== expected.dtype) throw new MismatchError(`gave ${actual.dtype}, the reference ${expected.dtype}`);
  if (actual.shape.join() !== expected.shape.join())
    throw new MismatchError(`gave shape [${actual.shape.join(', ')}], the reference [${expected.shape.join(', ')}]`);
  const difference = compareValues(
    actual.values,
    expected.values,
    allowanceOf(entry, expected.dtype, magnitude, folded, subnormals),
  );
  if (difference) throw new MismatchError(`${expected.dtype}: ${describeDifference(difference, expected.shape)}`);
}

/** The op's tolerance in numbers: `ulps` roundings of the result, and those of what was folded into it. */
function allowanceOf(
  entry: OpEntry,
  dtype: DType,
  magnitude: Result | undefined,
  folded: number,
  subnormals: boolean,
): Allowance {
  const { ulps, absolute: anyway = 0 } = entry.tolerance ?? { ulps: 4 };
  const { epsilon } = dtypes[dtype];
  // Below the smallest normal number the spacing no longer shrinks, and some devices round to zero altogether.
  const smallest = anyway * epsilon + (subnormals ? ulps * smallestSubnormal(dtype) : smallestNormal(dtype));
  const perUnit = epsilon * Math.sqrt(folded);
  const sums = magnitude === undefined ? undefined : magnitudesOf(magnitude.values, entry.family === 'composite');
  const absolute = sums === undefined ? smallest : sums.map((sum) => smallest + perUnit * sum);
  return { absolute, relative: ulps * epsilon, dtype, signedZeros: ulps === 0 };
}

/** Finite magnitudes. In a composite every element depends on the others' errors: the largest magnitude counts for all. */
function magnitudesOf(values: ArrayLike<number>, shared: boolean): Float64Array {
  const magnitudes = Float64Array.from(values, (value) => (Number.isFinite(value) ? Math.abs(value) : 0));
  return shared ? magnitudes.fill(magnitudes.reduce((largest, value) => Math.max(largest, value), 0)) : magnitudes;
}

function magnitudeOf(input: TensorSample): TensorSample {
  return dtypes[input.dtype].kind === 'float' ? input.map(Math.abs) : input;
}

/** No fold is longer than the longest input. */
function longest(inputs: readonly TensorSample[]): number {
  return Math.max(1, ...inputs.map(({ values }) => values.length));
}
