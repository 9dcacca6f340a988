/** A matrix in a format, on a device. */
import { aCount, check, checkOptions } from '../arguments/rules.ts';
import { aDevice, aTensor, aWholeTensor } from '../arguments/types.ts';
import { dtypes as dtypeTable } from '../dtype/dtype.ts';
import type { Device } from '../device/device.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import type { EncodedSettings } from '../kernel/spec.ts';
import { checkIndexNode } from '../runtime/index-checks.ts';
import type { MadeOfTensors, TensorParts } from '../runtime/structure.ts';
import { showShape, sizeOf } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { reshapeFrom } from '../tensor/wrap.ts';
import { stack } from '../functions/join.ts';
import { expand } from './expand.ts';
import { apartFromLength, factors, productOptions, type EncodedMatmulOptions } from './factor.ts';
import type { MatrixShape, StoredFormat } from './format.ts';
import { ownedArrays, valueDTypes } from './owned.ts';
import { hasKernel, multiply, type EncodedProduct } from './product.ts';

/** The parts of a matrix, put together by `encodeMatrix` and `matrixFromArrays`. */
export interface MatrixParts {
  readonly format: StoredFormat;
  readonly settings: EncodedSettings;
  /** Of the matrix that is stored, whatever its transpose. */
  readonly stored: MatrixShape;
  readonly arrays: Readonly<Record<string, Tensor>>;
  readonly transposed: boolean;
  /** As what the dense factor is multiplied. */
  readonly activations?: EncodedMatmulOptions['activations'];
}

/**
 * A matrix of f32 values in a format such as `int8` or `csr`: what it takes in memory is its arrays, and products compute
 * from them. Immutable, as tensors are; `transpose` shares the arrays.
 */
export class EncodedMatrix implements MadeOfTensors {
  static {
    // `console.log` of Node asks for it; elsewhere the name means nothing.
    const inspect = Symbol.for('nodejs.util.inspect.custom');
    Object.defineProperty(this.prototype, inspect, {
      value(this: EncodedMatrix): string {
        return this.toString();
      },
    });
  }

  readonly format: StoredFormat;
  readonly settings: EncodedSettings;
  readonly shape: MatrixShape;
  /** Its arrays on the device, by name. */
  readonly arrays: Readonly<Record<string, Tensor>>;
  readonly #stored: MatrixShape;
  readonly #transposed: boolean;
  readonly #activations: NonNullable<EncodedMatmulOptions['activations']>;

  constructor({ format, settings, stored, arrays, transposed, activations = 'f32' }: MatrixParts) {
    this.format = format;
    this.settings = settings;
    this.#stored = stored;
    this.arrays = arrays;
    this.#transposed = transposed;
    this.#activations = activations;
    this.shape = transposed ? Object.freeze([stored[1], stored[0]] as const) : stored;
  }

  /** Where the arrays are. */
  get device(): Device {
    return (Object.values(this.arrays)[0] as Tensor).device;
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return Object.values(this.arrays).reduce((sum, { size, dtype }) => sum + size * dtypeTable[dtype].bytes, 0);
  }

  /** Bits in memory for each element of the matrix, of all arrays together; 0 for one without elements. */
  get bitsPerValue(): number {
    const count = sizeOf(this.shape);
    return count === 0 ? 0 : (8 * this.bytes) / count;
  }

  /**
   * The share of elements that are stored: 1 unless the format leaves some out. What a format needs to fill its groups and
   * blocks is stored too.
   */
  get density(): number {
    const { kept } = this.format;
    const count = sizeOf(this.shape);
    if (kept === undefined) return 1;
    return count === 0 ? 0 : Math.min(1, (this.arrays[kept] as Tensor).size / count);
  }

  /** Whether it is the transpose of what its arrays store. */
  get isTransposed(): boolean {
    return this.#transposed;
  }

  /** Whether the memory was given back. */
  get isDisposed(): boolean {
    return Object.values(this.arrays).some((array) => array.isDisposed);
  }

  /**
   * This matrix [rows, columns] times x [columns, n] or [columns], f32.
   * @throws {ShapeError} if the inner sizes differ.
   * @throws {DTypeError} if x is neither a float of at most 32 bits nor i8.
   */
  matmul(x: Tensor, options: EncodedMatmulOptions = {}): Tensor {
    check('matmul', 'x', x, aTensor);
    if (x.rank === 1) return this.transpose().after(x, options);
    if (x.rank !== 2)
      throw new ShapeError('matmul', `takes a matrix [${this.shape[1]}, n] or a vector, not ${showShape(x.shape)}`);
    return this.transpose().after(x.t(), options).t();
  }

  /**
   * x [..., rows] times this matrix: f32 [..., columns]. What `x.matmul(matrix)` calls. An x of i8 is codes that somebody
   * rounded: they are multiplied as the whole numbers they are, which a format of 8 bits sums as such.
   * @throws {ShapeError | DTypeError} as `matmul` does.
   */
  after(x: Tensor, options: EncodedMatmulOptions = {}): Tensor {
    check('matmul', 'x', x, aTensor);
    const { activations: wanted = this.#activations } = checkOptions('matmul', options, productOptions);
    const activations = x.dtype === 'i8' ? 'codes' : wanted;
    const [rows, columns] = this.shape;
    if (x.rank === 0 || x.shape.at(-1) !== rows)
      throw new ShapeError(
        'matmul',
        `inner sizes differ: ${showShape(x.shape)} × ${showShape(this.shape)}; the first must end with ${rows}`,
      );
    if (!factors.has(x.dtype))
      throw new DTypeError(
        'matmul',
        `a matrix in ${this.format.name} is multiplied with f32, or i8 as codes, not ${x.dtype}; cast it`,
      );
    const lead = x.shape.slice(0, -1);
    const apart = apartFromLength(x);
    if (apart !== undefined)
      return stack(
        Array.from({ length: lead[apart] as number }, (_, i) => this.after(x.select(apart, i), options)),
        apart,
      );
    const long = x.node.lengths?.findIndex((length) => length);
    const flat = reshapeFrom(
      (activations === 'codes' ? x : x.cast('f32')).node,
      [sizeOf(lead), rows],
      [long, lead.length],
    );
    const product = multiply(flat, this.#ordered(), this.#product(activations));
    const from = [...lead.map((_, axis) => (axis === long ? 0 : undefined)), 1];
    return reshapeFrom(product.node, [...lead, columns], from);
  }

  /**
   * Whether the device computes x · this, for x of so many rows, from the arrays. If not, each product makes the dense matrix
   * first: whoever has the memory keeps that instead.
   * @throws {ArgumentError} for what is no number of rows.
   */
  hasKernel(rows = 1): boolean {
    check('hasKernel', 'rows', rows, aCount);
    const dtypes = this.#ordered().map(({ dtype }) => dtype);
    return hasKernel(this.device, this.#product('f32'), rows, dtypes);
  }

  /** The transposed matrix, on the same arrays. */
  transpose(): EncodedMatrix {
    const { format, settings, arrays } = this;
    const stored = this.#stored;
    const transposed = this.#transposed;
    return new EncodedMatrix({
      format,
      settings,
      stored,
      arrays,
      transposed: !transposed,
      activations: this.#activations,
    });
  }

  /** Short for `transpose`. */
  t(): EncodedMatrix {
    return this.transpose();
  }

  /** The dense matrix, f32 [rows, columns]. */
  toDense(): Tensor {
    const dense = expand(this.#ordered(), { format: this.format, settings: this.settings, shape: this.#stored });
    return this.#transposed ? dense.t() : dense;
  }

  /**
   * Whole rows, f32 [...indices.shape, columns]: an embedding lookup. Only those rows are decoded, as every format of this
   * package can; of a transpose the whole matrix is. An index outside is a ShapeError where its value is known, and reads 0
   * where a device computes it.
   */
  take(indices: Tensor): Tensor {
    check('take', 'indices', indices, aTensor);
    const { format, settings } = this;
    const [rows, columns] = this.#stored;
    checkIndexNode(indices.node, { operation: 'take', size: this.shape[0] });
    const byRow = format.byRow?.(settings);
    if (this.#transposed || !(byRow ?? format.take)) return this.toDense().take(indices);
    const apart = apartFromLength(indices.unsqueeze(-1));
    if (apart !== undefined)
      return stack(
        Array.from({ length: indices.shape[apart] as number }, (_, i) => this.take(indices.select(apart, i))),
        apart,
      );
    const long = indices.node.lengths?.findIndex((length) => length);
    const flat = reshapeFrom(indices.node, [indices.size], [long]);
    const parts = (names: readonly string[]): Tensor[] =>
      this.#ordered().map((array, part) =>
        names.includes(format.arrays(settings)[part] as string) ? array.take(flat) : array,
      );
    const dense = byRow
      ? expand(parts(byRow), { format, settings, shape: [flat.size, columns] })
      : (format.take as NonNullable<StoredFormat['take']>)(this.arrays, settings, this.#stored, flat);
    const isInside = flat.ge(0).logicalAnd(flat.lt(rows)).unsqueeze(1);
    const from = [...indices.shape.map((_, axis) => (axis === long ? 0 : undefined)), 1];
    return reshapeFrom(dense.where(isInside, 0).node, [...indices.shape, columns], from);
  }

  /**
   * The matrix with other values in some of its arrays, as training needs it: an array of floats that
   * `requiresGradients` is differentiated through.
   * @throws {ArgumentError} for a name or a type that is not there, and for arrays that say where values are or which:
   * kernels rely on what `matrixFromArrays` saw in them.
   */
  with(arrays: Readonly<Record<string, Tensor>>): EncodedMatrix {
    const rules = Object.fromEntries(Object.keys(this.arrays).map((name) => [name, aWholeTensor]));
    const given = checkOptions<Partial<Record<string, Tensor>>>('with', arrays, rules);
    const all: Record<string, Tensor> = { ...this.arrays };
    for (const [name, own] of Object.entries(this.arrays)) {
      const array = given[name];
      if (array === undefined || array === own) continue;
      if (own.dtype !== array.dtype || own.device !== array.device || own.shape.join() !== array.shape.join())
        throw new ArgumentError(
          'with',
          `${name} is ${array.dtype} ${showShape(array.shape)} on ${array.device.name}; it must be ${own.dtype} ${showShape(own.shape)} on ${own.device.name}`,
        );
      if (!valueDTypes.has(own.dtype))
        throw new ArgumentError(
          'with',
          `${name} of ${this.format.name} holds no values but where or which they are; put such a matrix together with matrixFromArrays`,
        );
      all[name] = array;
    }
    return this.#of(all);
  }

  /** The same matrix on another device. */
  async to(device: Device): Promise<EncodedMatrix> {
    check('to', 'device', device, aDevice);
    const moved = await Promise.all(
      Object.entries(this.arrays).map(async ([name, array]) => [name, await array.to(device)] as const),
    );
    return this.#of(Object.fromEntries(moved));
  }

  /** As what products multiply the dense factor, where they do not say. */
  get activations(): NonNullable<EncodedMatmulOptions['activations']> {
    return this.#activations;
  }

  /**
   * The same matrix, on the same arrays, whose products round the dense factor as `activations` says where they do not say
   * themselves.
   * @throws {ArgumentError} for what is none of them.
   */
  rounding(activations: NonNullable<EncodedMatmulOptions['activations']>): EncodedMatrix {
    checkOptions('rounding', { activations }, productOptions);
    const { format, settings, arrays } = this;
    return new EncodedMatrix({
      format,
      settings,
      stored: this.#stored,
      arrays,
      transposed: this.#transposed,
      activations,
    });
  }

  /** Gives its memory back, and that of its transpose, which has the same arrays. */
  dispose(): void {
    for (const array of Object.values(this.arrays)) array.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What it is made of, for scopes and compiled functions. */
  tensorParts(): TensorParts {
    const { format, settings, arrays } = this;
    const stored = this.#stored;
    const transposed = this.#transposed;
    return {
      tensors: arrays,
      rest: [format, JSON.stringify([settings, stored, transposed, this.#activations])],
      from: (others) => this.#of(others),
    };
  }

  /** Shape, format with its settings, device, and what it takes. Nothing is read or computed for it. */
  toString(): string {
    if (this.isDisposed) return 'EncodedMatrix(disposed)';
    const settings = Object.entries(this.settings).map(([name, value]) => `${name} ${value}`);
    const parts = [
      showShape(this.shape),
      [this.format.name, ...settings].join(' '),
      this.device.name,
      `${this.bytes} bytes`,
      `${Number(this.bitsPerValue.toPrecision(3))} bits a value`,
      ...(this.format.kept === undefined ? [] : [`${Number((100 * this.density).toPrecision(3))} % there`]),
    ];
    return `EncodedMatrix(${parts.join(', ')})`;
  }

  /** The same format and settings with other arrays. */
  #of(arrays: Readonly<Record<string, Tensor>>): EncodedMatrix {
    const { format, settings } = this;
    const stored = this.#stored;
    const transposed = this.#transposed;
    return new EncodedMatrix({
      format,
      settings,
      stored,
      arrays: ownedArrays(format, arrays),
      transposed,
      activations: this.#activations,
    });
  }

  #ordered(): Tensor[] {
    return this.format.arrays(this.settings).map((name) => this.arrays[name] as Tensor);
  }

  /** x [m, rows] times this, in terms of what is stored. */
  #product(activations: EncodedProduct['activations']): EncodedProduct {
    const { format, settings } = this;
    const stored = this.#stored;
    const transposed = this.#transposed;
    return { format, settings, shape: stored, walks: transposed ? 'columns' : 'rows', activations };
  }
}
