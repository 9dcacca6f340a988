/** Draws cases of an op from its domain in the op table. */
import {
  ArgumentError,
  dtypeNames,
  dtypes,
  type Case,
  type Chooser,
  type Device,
  type DType,
  type OpEntry,
  type Values,
} from '@espalier/tensor';
import fc from 'fast-check';
import { anyElement, type SpecialValues } from '../arbitraries/element.ts';
import { anyBroadcastablePair, anyShape, type ShapeLimits } from '../arbitraries/shape.ts';
import { anySample, TensorSample } from '../arbitraries/tensor.ts';
import type { Describable } from './property.ts';

/** One use of an op, with its inputs. */
export class OpCase implements Describable {
  readonly entry: OpEntry;
  readonly inputs: readonly TensorSample[];
  readonly attributes: Case['attributes'];

  constructor(entry: OpEntry, inputs: readonly TensorSample[], attributes: Case['attributes']) {
    this.entry = entry;
    this.inputs = inputs;
    this.attributes = attributes;
  }

  describe(): string {
    const inputs = this.inputs.map((input, position) => `input ${position}: ${input.toString()}`);
    const attributes =
      Object.keys(this.attributes).length === 0 ? [] : [`attributes: ${fc.stringify(this.attributes)}`];
    return [...inputs, ...attributes].join('\n');
  }

  toString(): string {
    return this.describe();
  }
}

/** From which part of the domain to draw, and for which device. */
export interface CaseLimits {
  /** Draws only dtypes this device has. */
  readonly device: Device;
  /** `smooth`: where the gradient is defined, in f64. Default: the whole domain. */
  readonly part?: 'whole' | 'smooth';
  /** Special values to leave out of inputs that may be anything. */
  readonly special?: SpecialValues;
  /** Default 240 elements for each input. */
  readonly maxElements?: number;
}

/**
 * Cases of `entry`; shrinks each choice its domain made, then the inputs.
 * @throws {ArgumentError} if there is no such part of the domain.
 */
export function anyOpCase(entry: OpEntry, limits: CaseLimits): fc.Arbitrary<OpCase> {
  const { device, part = 'whole', maxElements = 240 } = limits;
  const draw = part === 'whole' ? entry.domain : entry.smooth;
  if (!draw) throw new ArgumentError('anyOpCase', `'${entry.name}' has no smooth domain: it has no gradient to check`);
  const special: SpecialValues = {
    nan: true,
    infinity: true,
    negativeZero: true,
    subnormal: true,
    extreme: entry.tolerance?.accumulated !== true,
    ...limits.special,
  };
  return fc.gen().map((choose) => {
    const { inputs, attributes }: Case = draw(chooserOf(choose, device, part === 'smooth', maxElements));
    const samples = inputs.map(({ dtype, shape, values }) => choose(anyInput, dtype, shape, values, special));
    return new OpCase(entry, samples, attributes);
  });
}

/** A chooser that draws with fast-check, so that fast-check shrinks what it chose. */
function chooserOf(choose: fc.GeneratorValue, device: Device, smooth: boolean, maxElements: number): Chooser {
  // Gradients are checked in f64 alone; the reference device has it.
  const available = dtypeNames.filter((name) =>
    smooth && dtypes[name].kind === 'float' ? name === 'f64' : device.capabilities.dtypes.has(name),
  );
  // Finite differences need elements.
  const minSize = smooth ? 1 : 0;
  const limitsOf = (limits: ShapeLimits): ShapeLimits => ({
    minRank: 0,
    maxRank: 4,
    maxElements,
    ...limits,
    minSize: Math.max(minSize, limits.minSize ?? 0),
  });
  return {
    integer: (low, high) => choose(anyInteger, low, high),
    boolean: () => choose(fc.boolean),
    pick: (options) => options[choose(anyInteger, 0, options.length - 1)] as (typeof options)[number],
    dtype: (kinds) =>
      choose(
        anyOf,
        available.filter((name) => kinds.includes(dtypes[name].kind)),
      ),
    shape: (limits = {}) => choose(anyUnevenShape, limitsOf(limits)),
    broadcastable: () => choose(anyBroadcastablePair, limitsOf({ minSize: 1 })),
  };
}

// Builders given to `fc.gen` have to be the same functions at every call, or it cannot shrink what they drew.

function anyInteger(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min, max });
}

function anyOf(names: readonly DType[]): fc.Arbitrary<DType> {
  return fc.constantFrom(...names);
}

/** Mostly small sizes; sometimes one that is empty, or long enough to reach the vector loops and tiles of fast kernels. */
function anyUnevenShape(limits: ShapeLimits): fc.Arbitrary<number[]> {
  const usual = { arbitrary: anyShape({ ...limits, minSize: Math.max(1, limits.minSize ?? 1) }), weight: 12 };
  const empty = { arbitrary: anyShape(limits), weight: limits.minSize === 0 ? 1 : 0 };
  const long = { arbitrary: anyShape({ ...limits, maxSize: 70 }), weight: limits.maxSize === undefined ? 4 : 0 };
  return fc.oneof(usual, empty, long);
}

function anyInput(
  dtype: DType,
  shape: readonly number[],
  values: Values,
  special: SpecialValues,
): fc.Arbitrary<TensorSample> {
  switch (values.kind) {
    case 'any':
      return anySample(dtype, shape, anyElement(dtype, { low: -9, high: 9, special }));
    case 'range':
      return anySample(dtype, shape, anyElement(dtype, { low: values.low, high: values.high }));
    case 'integers':
      return anySample(dtype, shape, anyElement(dtype, { low: values.low, high: values.high, whole: true }));
    case 'distinct':
      return anyDistinct(dtype, shape, values);
  }
}

/** Multiples of a power of two that is at least `gap`, each once, in any order. */
function anyDistinct(
  dtype: DType,
  shape: readonly number[],
  { gap, low }: Extract<Values, { kind: 'distinct' }>,
): fc.Arbitrary<TensorSample> {
  const { kind, min, round } = dtypes[dtype];
  const length = shape.reduce((size, dimension) => size * dimension, 1);
  const step = 2 ** Math.ceil(Math.log2(kind === 'float' ? gap : Math.max(1, gap)));
  const lowest = Math.max(low === undefined ? -Math.floor(length / 2) : Math.ceil(low / step), min);
  const ordered = Array.from({ length }, (_, position) => round((lowest + position) * step));
  return fc
    .shuffledSubarray(ordered, { minLength: length, maxLength: length })
    .map((values) => new TensorSample(dtype, shape, values));
}
