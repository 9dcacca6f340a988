/** Examples held in memory. */
import {
  ArgumentError,
  defaultDevice,
  fromBytes,
  fromTyped,
  isFloat,
  isTensor,
  ShapeError,
  sizeOf,
  type Device,
  type DType,
  type Shape,
  type Tensor,
} from '@espalier/tensor';
import {
  aDevice,
  aFunction,
  aPositiveInteger,
  aWholeTensor,
  check,
  checkOptions,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { dataset, examples, type Batch, type Dataset, type Loaded } from './dataset.ts';

/** Values in JavaScript memory; axis 0 counts examples. */
export interface HostArray {
  readonly data: Float32Array | Float64Array | Int32Array | Uint32Array | Int8Array | Uint8Array;
  readonly shape: Shape;
}

/** How a dataset in memory is served. */
export interface TensorDatasetOptions {
  /** Where batches are wanted. Default: that of the tensors, else `defaultDevice()`. */
  readonly device?: Device;
  /** How many classes there are: targets must then be their indices, which is checked at once, or, of tensors, before the first batch. */
  readonly classes?: number;
  /** Turns raw batches into what the model takes, recorded into the step. Default: 8-bit images become f32 of 0 to 1. */
  readonly prepare?: (batch: Batch) => Batch;
}

const datasetRules: OptionRules<TensorDatasetOptions> = {
  device: aDevice,
  classes: aPositiveInteger,
  prepare: ruleOf('a function from a batch to a batch', aFunction.holds),
};

/** 8-bit inputs are images by convention: 0 to 255 becomes 0 to 1. */
function prepareImages({ x, y }: Batch): Batch {
  return { x: x.dtype === 'u8' ? x.cast('f32').mul(1 / 255) : x, y };
}

/**
 * Examples from two tensors, or two arrays, whose axis 0 counts examples. Tensors stay on their device, and batches are
 * gathered there; arrays stay in JavaScript memory, and batches are copied to the device in their own dtype.
 * @throws {ShapeError} if the numbers of examples differ.
 * @throws {ArgumentError} naming the example for a label outside `classes`.
 */
export function tensorDataset(
  x: Tensor | HostArray,
  y: Tensor | HostArray,
  options: TensorDatasetOptions = {},
): Dataset {
  checkOptions('tensorDataset', options, datasetRules);
  checkValues('x', x);
  checkValues('y', y);
  const size = x.shape[0];
  if (size === undefined || size !== y.shape[0])
    throw new ShapeError(
      'tensorDataset',
      `x [${x.shape.join(', ')}] and y [${y.shape.join(', ')}] must have the same number of examples along axis 0`,
    );
  const { device = isTensor(x) ? x.device : isTensor(y) ? y.device : defaultDevice(), prepare = prepareImages } =
    options;
  const { classes } = options;
  if (isTensor(x) && isTensor(y)) {
    const rows = (indices: Int32Array): Loaded => ({
      indices: fromTyped(examples('dataset', indices, size), [indices.length], { device: x.device }),
    });
    // Read once: on a device, reading waits for all that was asked of it.
    let values: Promise<ArrayLike<number>> | undefined;
    const labels = async (): Promise<ArrayLike<number>> => (values ??= y.data());
    let isChecked = classes === undefined;
    return dataset({
      size,
      load: (indices) => {
        if (isChecked || classes === undefined) return rows(indices);
        return labels().then((all) => {
          checkLabels(all, size, classes);
          isChecked = true;
          return rows(indices);
        });
      },
      prepare: ({ indices }) => prepare({ x: x.take(indices as Tensor), y: y.take(indices as Tensor) }),
      ...(isLabels(y.dtype, y.shape) && { labels }),
    });
  }
  if (isTensor(x) || isTensor(y))
    throw new ArgumentError('tensorDataset', 'x and y must both be tensors, or both arrays');
  const rowsOfX = rowReader(x, device);
  const rowsOfY = rowReader(y, device);
  if (classes !== undefined) checkLabels(y.data, size, classes);
  return dataset({
    size,
    load: (indices) => ({ x: rowsOfX(examples('dataset', indices, size)), y: rowsOfY(indices) }),
    prepare: (loaded: Loaded) => prepare({ x: loaded['x'] as Tensor, y: loaded['y'] as Tensor }),
    ...(isLabels(dtypeOf(y.data), y.shape) && { labels: async () => y.data }),
  });
}

/** @throws {ArgumentError} for what is neither a tensor nor an array with a shape; a list of numbers is none. */
function checkValues(name: string, given: unknown): void {
  if (isTensor(given)) {
    check('tensorDataset', name, given, aWholeTensor);
    return;
  }
  const { data, shape } = Object(given) as Partial<Record<keyof HostArray, unknown>>;
  if (Array.isArray(shape) && hostArrays.some(([type]) => data instanceof type)) return;
  throw new ArgumentError(
    'tensorDataset',
    `${name} must be a tensor, such as tensor([[1, 2]]), or { data, shape } with data a ${hostArrays.map(([{ name: type }]) => type).join(', ')}`,
  );
}

/** Whether targets may be class indices: whole numbers, one for each example. */
function isLabels(dtype: DType, shape: Shape): boolean {
  return shape.length === 1 && dtype !== 'bool' && !isFloat(dtype);
}

function checkLabels(labels: ArrayLike<number>, size: number, classes: number): void {
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index] as number;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new ArgumentError(
        'tensorDataset',
        `the label of example ${Math.floor((index * size) / labels.length)} is ${label}; there are ${classes} classes, 0 to ${classes - 1}`,
      );
  }
}

/** The dtypes of arrays. By class rather than by constructor: Node's Buffer is a Uint8Array too. */
const hostArrays = [
  [Float32Array, 'f32'],
  [Float64Array, 'f64'],
  [Int32Array, 'i32'],
  [Uint32Array, 'u32'],
  [Int8Array, 'i8'],
  [Uint8Array, 'u8'],
] as const;

function dtypeOf(data: HostArray['data']): DType {
  return hostArrays.find(([type]) => data instanceof type)?.[1] ?? 'u8';
}

/** Bytes from which on making a view to copy a row takes less time than copying it byte by byte. */
const worthAView = 128;

/** Copies examples by number into a tensor. */
function rowReader({ data, shape }: HostArray, device: Device): (indices: Int32Array) => Tensor {
  const example = shape.slice(1);
  if (sizeOf(shape) !== data.length)
    throw new ShapeError('tensorDataset', `${data.length} values do not fill [${shape.join(', ')}]`);
  const rowBytes = sizeOf(example) * data.BYTES_PER_ELEMENT;
  const dtype = dtypeOf(data);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return (indices) => {
    const rows = new Uint8Array(indices.length * rowBytes);
    for (let row = 0; row < indices.length; row++) {
      const [from, to] = [(indices[row] as number) * rowBytes, row * rowBytes];
      if (rowBytes >= worthAView) rows.set(bytes.subarray(from, from + rowBytes), to);
      else for (let byte = 0; byte < rowBytes; byte++) rows[to + byte] = bytes[from + byte] as number;
    }
    return fromBytes(rows, [indices.length, ...example], { dtype, device });
  };
}
