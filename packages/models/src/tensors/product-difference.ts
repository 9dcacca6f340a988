/**
 * What a device makes of products with a matrix of a file, beside sums of its numbers on the host: drivers and compilers of kernels
 * are the work of others, and a wrong one gives numbers like a right one.
 */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { dtypes, fromTyped, noGrad, type Device, type DType, type Tensor } from '@espalier/tensor';
import {
  aDevice,
  anObject,
  aText,
  check,
  checkOptions,
  oneOf,
  showShape,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { conversionOf } from './convert.ts';
import { fileDType, type FileDType } from './dtypes.ts';
import { isMatrixReadable, readMatrix } from './matrices.ts';
import { partSource } from './parts.ts';
import { entryOf, readTensor } from './read-tensor.ts';
import type { TensorSource } from './tensor-source.ts';

/** How a matrix is multiplied. */
export interface ProductToCheck {
  readonly device: Device;
  /** In the blocks that it is stored in, or as f32. */
  readonly weights: 'stored' | 'f32';
  readonly activations: 'f32' | 'int16-groups' | 'int8-groups';
}

const productRules: OptionRules<ProductToCheck> = {
  device: aDevice,
  weights: oneOf('stored', 'f32'),
  activations: oneOf('f32', 'int16-groups', 'int8-groups'),
};

/** Elements of a matrix that are looked at, at most: its first rows. */
const mostElements = 2 ** 18;
/** Rows of the matrix whose products the host computes too: the first, the last, and some between. */
const comparedRows = 8;
/** Rows of x: kernels for one differ from those for several. */
const rowsOfX = 3;

/** Sums of magnitudes outside of these tell nothing: devices may count subnormal numbers as 0, and f32 ends. */
const [least, most] = [1e-30, 1e37];

/**
 * Whole numbers from -127 to 127, with 127 at the head of each group of 32: what activations are rounded to has them as they are.
 */
function activationsFor(columns: number): Float32Array<ArrayBuffer> {
  let state = 1;
  return Float32Array.from({ length: rowsOfX * columns }, (_, at) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (at % columns) % 32 === 0 ? 127 : (state % 255) - 127;
  });
}

/** Rows that are spread evenly over so many. */
function spread(rows: number): readonly number[] {
  const count = Math.min(rows, comparedRows);
  return Array.from({ length: count }, (_, at) => Math.floor((at * (rows - 1)) / Math.max(1, count - 1)));
}

/**
 * The largest difference between products of the first rows of a matrix, one row of x and several, and their sums in doubles, as a
 * share of the sum of the magnitudes; of a matrix in blocks also that of rows that are looked up, as a share of their largest
 * element. `Infinity` where a device gives no number, 0 for a matrix without elements.
 * @throws {DeviceError} where the device fails.
 * @throws {FormatError} for a matrix that cannot be read.
 */
export async function productDifference(source: TensorSource, name: string, how: ProductToCheck): Promise<number> {
  check<object>('productDifference', 'source', source, anObject);
  check('productDifference', 'name', name, aText);
  const { device, weights, activations } = checkOptions('productDifference', how, productRules);
  const { dtype, shape } = entryOf(source, name);
  if (shape.length !== 2)
    throw new FormatError(
      source.name,
      0,
      `${showName(name)} is ${showShape(shape)}, which is no matrix to multiply with`,
    );
  const [all = 0, columns = 0] = shape;
  if (all * columns === 0) return 0;
  const rows = Math.min(all, Math.max(64, Math.floor(mostElements / columns)));
  const part = partSource(source, new Map([[name, { name, rows: [0, rows] }]]));
  const x = activationsFor(columns);
  const given = fromTyped(x, [rowsOfX, columns], { device });
  const isStored = weights === 'stored' && isMatrixReadable(dtype, shape);
  const factor = isStored
    ? (await readMatrix(part, name, { device })).rounding(activations)
    : await readTensor(part, name, { device });
  const places = spread(rows);
  const asked = fromTyped(Int32Array.from(places), [places.length], { device });
  const made = noGrad((): readonly Tensor[] => {
    const right = 'format' in factor ? factor.t() : factor.cast('f32').t();
    const products = [given.narrow(0, 0, 1).matmul(right), given.matmul(right)];
    return 'format' in factor ? [...products, factor.take(asked)] : products;
  });
  try {
    const [one, several, looked] = await Promise.all(made.map((each) => each.data()));
    let worst = 0;
    for (const [place, row] of places.entries()) {
      const weight = await hostRow(source, name, row);
      if (looked) worst = Math.max(worst, rowDifference(looked, place * columns, weight));
      for (let at = 0; at < rowsOfX; at++) {
        const [sum, magnitude] = sumOf(x.subarray(at * columns), weight);
        if (!(magnitude > least && magnitude < most)) continue;
        const found = [several?.[at * rows + row], ...(at === 0 ? [one?.[row]] : [])];
        for (const each of found) worst = Math.max(worst, shareOf(Math.abs(Number(each) - sum) / magnitude));
      }
    }
    return worst;
  } finally {
    for (const tensor of [...made, factor, given, asked]) tensor.dispose();
  }
}

/** The largest difference of a row that was looked up, as a share of its largest element. */
function rowDifference(found: ArrayLike<number | bigint>, from: number, row: Float64Array): number {
  const largest = row.reduce((known, value) => Math.max(known, Math.abs(value)), 0);
  if (!(largest > least && largest < most)) return 0;
  return row.reduce((worst, value, at) => Math.max(worst, shareOf(Math.abs(Number(found[from + at]) - value) / largest)), 0); // prettier-ignore
}

const shareOf = (difference: number): number => (Number.isNaN(difference) ? Infinity : difference);

/** A row of a matrix as its numbers, decoded by the host. */
async function hostRow(source: TensorSource, name: string, row: number): Promise<Float64Array> {
  const { dtype, shape, bytes } = entryOf(source, name);
  const size = bytes / (shape[0] as number);
  const kind = fileDType(dtype) as FileDType;
  const { view, decode } = dtypes[kind.dtype as DType];
  const stored = await source.read(name, { begin: row * size, end: (row + 1) * size });
  const own = conversionOf(kind, { source: source.name, name })(Uint8Array.from(stored));
  return Float64Array.from(view(own.buffer, 0, shape[1] as number), decode);
}

/** The sum of products, and that of their magnitudes. */
function sumOf(x: Float32Array, weight: Float64Array): readonly [sum: number, magnitude: number] {
  let [sum, magnitude] = [0, 0];
  for (let at = 0; at < weight.length; at++) {
    const product = (x[at] as number) * (weight[at] as number);
    sum += product;
    magnitude += Math.abs(product);
  }
  return [sum, magnitude];
}
