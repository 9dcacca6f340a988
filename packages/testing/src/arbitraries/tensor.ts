/** Arbitraries for tensors. They draw samples: plain data that prints, shrinks, and becomes a tensor on any device. */
import fc from 'fast-check';
import { dtypes, fromTyped, type Device, type DType, type Shape, type Tensor } from '@espalier/tensor';
import {
  anyDisguise,
  contentOf,
  coreShape,
  describeDisguise,
  plain,
  storedOf,
  unveil,
  type Disguise,
} from './disguise.ts';
import { anyDType, type DTypeLimits } from './dtype.ts';
import { anyElement, type ElementLimits } from './element.ts';
import { anyShape, type ShapeLimits } from './shape.ts';

/** A tensor as data: dtype, shape, row-major values, and how it is stored. */
export class TensorSample {
  readonly dtype: DType;
  readonly shape: Shape;
  /** The logical content, row-major. */
  readonly values: readonly number[];
  readonly #disguise: Disguise;
  readonly #core: readonly number[];

  /** `core` are the values of the parts that are not broadcast; without a disguise, all of them. */
  constructor(dtype: DType, shape: Shape, core: readonly number[], disguise: Disguise = plain(shape.length)) {
    this.dtype = dtype;
    this.shape = shape;
    this.values = contentOf(disguise, shape, core);
    this.#disguise = disguise;
    this.#core = core;
  }

  /** The tensor on `device`: a view of stored data if this sample is disguised as one. */
  toTensor(device: Device): Tensor {
    const stored = storedOf(this.#disguise, this.dtype, this.shape, this.#core);
    return unveil(
      this.#disguise,
      this.shape,
      fromTyped(Float64Array.from(stored.values), stored.shape, { dtype: this.dtype, device }),
    );
  }

  /** A sample stored in the same way, with `change` applied to every value. */
  map(change: (value: number) => number): TensorSample {
    return new TensorSample(this.dtype, this.shape, this.#core.map(change), this.#disguise);
  }

  /** A contiguous sample of the same values, rounded to `dtype`. */
  as(dtype: DType): TensorSample {
    return new TensorSample(dtype, this.shape, this.values.map(dtypes[dtype].round));
  }

  /** One line: dtype, shape, values (the first 24) and how it is stored. fast-check prints counterexamples with it. */
  toString(): string {
    const shown = this.values.slice(0, 24).map((value) => (Object.is(value, -0) ? '-0' : String(value)));
    const rest = this.values.length > shown.length ? ', …' : '';
    const stored = describeDisguise(this.#disguise);
    return `${this.dtype}[${this.shape.join(', ')}] = [${shown.join(', ')}${rest}]${stored === '' ? '' : ` (${stored})`}`;
  }
}

/** Which tensors to draw. */
export interface TensorLimits {
  /** A fixed dtype, or limits to draw one from. */
  readonly dtype?: DType | DTypeLimits;
  /** A fixed shape, or limits to draw one from. */
  readonly shape?: Shape | ShapeLimits;
  readonly elements?: ElementLimits;
  /** Draw views (transposed, sliced, flipped, stepped, expanded) as well as contiguous tensors. Default true. */
  readonly views?: boolean;
}

/** A tensor sample; shrinks towards contiguous zeros. */
export function anyTensor(limits: TensorLimits = {}): fc.Arbitrary<TensorSample> {
  const { dtype = {}, shape = {}, elements = {}, views = true } = limits;
  return fc
    .tuple(
      typeof dtype === 'string' ? fc.constant(dtype) : anyDType(dtype),
      isShape(shape) ? fc.constant(shape) : anyShape(shape),
    )
    .chain(([drawnType, drawnShape]) => anySample(drawnType, drawnShape, anyElement(drawnType, elements), views));
}

/** A tensor sample of a fixed dtype and shape whose values come from `element`. */
export function anySample(
  dtype: DType,
  shape: Shape,
  element: fc.Arbitrary<number>,
  views = true,
): fc.Arbitrary<TensorSample> {
  const contiguous = fc.constant(plain(shape.length));
  const disguise = views
    ? fc.oneof({ arbitrary: contiguous, weight: 1 }, { arbitrary: anyDisguise(shape.length), weight: 1 })
    : contiguous;
  return disguise.chain((chosen) => {
    const length = coreShape(chosen, shape).reduce((size, dimension) => size * dimension, 1);
    return fc
      .array(element, { minLength: length, maxLength: length })
      .map((core) => new TensorSample(dtype, shape, core, chosen));
  });
}

/** A sample that is always stored as a view, unless the drawn disguise happens to be plain. */
export function anyView(limits: Omit<TensorLimits, 'views'> = {}): fc.Arbitrary<TensorSample> {
  const { dtype = {}, shape = {}, elements = {} } = limits;
  return fc
    .tuple(
      typeof dtype === 'string' ? fc.constant(dtype) : anyDType(dtype),
      isShape(shape) ? fc.constant(shape) : anyShape({ minRank: 1, ...shape }),
    )
    .chain(([drawnType, drawnShape]) =>
      anyDisguise(drawnShape.length).chain((disguise) => {
        const length = coreShape(disguise, drawnShape).reduce((size, dimension) => size * dimension, 1);
        return fc
          .array(anyElement(drawnType, elements), { minLength: length, maxLength: length })
          .map((core) => new TensorSample(drawnType, drawnShape, core, disguise));
      }),
    );
}

function isShape(shape: Shape | ShapeLimits): shape is Shape {
  return Array.isArray(shape);
}
