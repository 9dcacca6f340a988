/** A matrix in a format, on a device. */
import { check, checkOptions, oneOf, type OptionRules } from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { dtypes as dtypeTable } from '../dtype/dtype.ts';
import type { Device } from '../device/device.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import type { EncodedSettings } from '../kernel/spec.ts';
import { showShape, sizeOf } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { MatrixShape, StoredFormat } from './format.ts';
import { expand, hasKernel, multiply, type EncodedProduct } from './product.ts';

/** Options of a product. */
export interface EncodedMatmulOptions {
  /**
   * As what the dense factor is multiplied: `f32`, the default, or rounded to `int8` with a scale for each of its rows, so
   * that a format of 8 bits sums whole numbers.
   */
  readonly activations?: 'f32' | 'int8';
}

const productOptions: OptionRules<EncodedMatmulOptions> = { activations: oneOf('f32', 'int8') };

/** The parts of a matrix, put together by `encodeMatrix` and `matrixFromArrays`. */
export interface MatrixParts {
  readonly format: StoredFormat;
  readonly settings: EncodedSettings;
  /** Of the matrix that is stored, whatever its transpose. */
  readonly stored: MatrixShape;
  readonly arrays: Readonly<Record<string, Tensor>>;
  readonly transposed: boolean;
}

/**
 * A matrix of f32 values in a format such as `int8` or `csr`: what it takes in memory is its arrays, and products compute
 * from them. Immutable, as tensors are; `transpose` shares the arrays.
 */
export class EncodedMatrix {
  readonly format: StoredFormat;
  readonly settings: EncodedSettings;
  readonly shape: MatrixShape;
  /** Its arrays on the device, by name. */
  readonly arrays: Readonly<Record<string, Tensor>>;
  private readonly stored: MatrixShape;
  private readonly transposed: boolean;

  constructor({ format, settings, stored, arrays, transposed }: MatrixParts) {
    this.format = format;
    this.settings = settings;
    this.stored = stored;
    this.arrays = arrays;
    this.transposed = transposed;
    this.shape = transposed ? [stored[1], stored[0]] : stored;
  }

  /** Where the arrays are. */
  get device(): Device {
    return (Object.values(this.arrays)[0] as Tensor).device;
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return Object.values(this.arrays).reduce((sum, { size, dtype }) => sum + size * dtypeTable[dtype].bytes, 0);
  }

  /**
   * This matrix [rows, columns] times x [columns, n] or [columns], f32. Throws ShapeError if the inner sizes differ,
   * DTypeError if x is no float of at most 32 bits.
   */
  matmul(x: Tensor, options: EncodedMatmulOptions = {}): Tensor {
    check('matmul', 'x', x, aTensor);
    if (x.rank === 1) return this.transpose().after(x, options);
    if (x.rank !== 2)
      throw new ShapeError('matmul', `takes a matrix [${this.shape[1]}, n] or a vector, not ${showShape(x.shape)}`);
    return this.transpose().after(x.t(), options).t();
  }

  /** x [..., rows] times this matrix: f32 [..., columns]. What `x.matmul(matrix)` calls. Throws as `matmul` does. */
  after(x: Tensor, options: EncodedMatmulOptions = {}): Tensor {
    check('matmul', 'x', x, aTensor);
    const { activations = 'f32' } = checkOptions('matmul', options, productOptions);
    const [rows, columns] = this.shape;
    if (x.rank === 0 || x.shape.at(-1) !== rows)
      throw new ShapeError(
        'matmul',
        `inner sizes differ: ${showShape(x.shape)} × ${showShape(this.shape)}; the first must end with ${rows}`,
      );
    if (!floats.has(x.dtype))
      throw new DTypeError('matmul', `a matrix in ${this.format.name} is multiplied with f32, not ${x.dtype}; cast it`);
    const lead = x.shape.slice(0, -1);
    const flat = x.cast('f32').reshape([sizeOf(lead), rows]);
    return multiply(flat, this.ordered(), this.product(activations)).reshape([...lead, columns]);
  }

  /**
   * Whether the device computes x · this, for x of so many rows, from the arrays. If not, each product makes the dense matrix
   * first: whoever has the memory keeps that instead.
   */
  hasKernel(rows = 1): boolean {
    const dtypes = this.ordered().map(({ dtype }) => dtype);
    return hasKernel(this.device, this.product('f32'), rows, dtypes);
  }

  /** The transposed matrix, on the same arrays. */
  transpose(): EncodedMatrix {
    const { format, settings, stored, arrays, transposed } = this;
    return new EncodedMatrix({ format, settings, stored, arrays, transposed: !transposed });
  }

  /** Short for `transpose`. */
  t(): EncodedMatrix {
    return this.transpose();
  }

  /** The dense matrix, f32 [rows, columns]. */
  toDense(): Tensor {
    const dense = expand(this.ordered(), { format: this.format, settings: this.settings, shape: this.stored });
    return this.transposed ? dense.t() : dense;
  }

  /**
   * The matrix with other values in some of its arrays, as training needs it: an array of floats that `requiresGradients`
   * is differentiated through. Throws ArgumentError for a name or a shape that is not there.
   */
  with(arrays: Readonly<Record<string, Tensor>>): EncodedMatrix {
    for (const [name, array] of Object.entries(arrays)) {
      const own = Object.hasOwn(this.arrays, name) ? this.arrays[name] : undefined;
      if (!own)
        throw new ArgumentError(
          'with',
          `${this.format.name} has no array '${name}'; it has ${Object.keys(this.arrays).join(', ')}`,
        );
      check('with', name, array, aTensor);
      if (own.dtype !== array.dtype || own.shape.join() !== array.shape.join())
        throw new ArgumentError(
          'with',
          `${name} is ${array.dtype} ${showShape(array.shape)}; it must be ${own.dtype} ${showShape(own.shape)}`,
        );
    }
    const { format, settings, stored, transposed } = this;
    return new EncodedMatrix({ format, settings, stored, arrays: { ...this.arrays, ...arrays }, transposed });
  }

  /** The same matrix on another device. */
  async to(device: Device): Promise<EncodedMatrix> {
    const moved = await Promise.all(
      Object.entries(this.arrays).map(async ([name, array]) => [name, await array.to(device)] as const),
    );
    const { format, settings, stored, transposed } = this;
    return new EncodedMatrix({ format, settings, stored, arrays: Object.fromEntries(moved), transposed });
  }

  /** Gives its memory back. */
  dispose(): void {
    for (const array of Object.values(this.arrays)) array.dispose();
  }

  private ordered(): Tensor[] {
    return this.format.arrays(this.settings).map((name) => this.arrays[name] as Tensor);
  }

  /** x [m, rows] times this, in terms of what is stored. */
  private product(activations: 'f32' | 'int8'): EncodedProduct {
    const { format, settings, stored, transposed } = this;
    return { format, settings, shape: stored, walks: transposed ? 'columns' : 'rows', activations };
  }
}

const floats: ReadonlySet<string> = new Set(['f32', 'f16', 'bf16']);
