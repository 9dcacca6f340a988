/** Weights that are stored in a format of their own, in files. */
import { FormatError, rawTensor, type Parameter, type RawTensor } from '@espalier/nn';
import {
  ArgumentError,
  dtypes,
  matrixFromArrays,
  sizeOf,
  type EncodedArray,
  type EncodedMatrix,
  type EncodedSettings,
  type Shape,
} from '@espalier/tensor';
import { showShape } from '@espalier/tensor/arguments';
import { brief, quote } from '../quote.ts';
import { formatNamed, formatNames } from './formats.ts';

/** What a file says about a weight in a format: the array `name` of the format stands under `parameter_name`. */
export interface EncodedDescription {
  /** The name of the format. */
  readonly encoding: string;
  readonly settings: EncodedSettings;
  /** Of the parameter; its matrix is [first axis, all other axes]. */
  readonly shape: Shape;
}

/** The arrays of a matrix as a file holds them, by the ending that is added to the parameter's name. */
export async function packEncoded({ arrays }: EncodedMatrix): Promise<Map<string, RawTensor>> {
  const packed = Object.entries(arrays).map(async ([name, array]) => [`_${name}`, await rawTensor(array)] as const);
  return new Map(await Promise.all(packed));
}

/** What a file says about a stored weight. */
export function describeEncoded({ format, settings }: EncodedMatrix, shape: Shape): EncodedDescription {
  return { encoding: format.name, settings, shape };
}

/**
 * The endings of the arrays of a described weight.
 * @throws {FormatError} for a format that is not known.
 */
export function encodedEndings(source: string, { encoding, settings }: EncodedDescription): string[] {
  const format = formatNamed(encoding);
  if (!format)
    throw new FormatError(
      source,
      0,
      `the format ${brief(encoding)} is not known; there are ${formatNames().join(', ')}, and what registerFormat adds`,
    );
  return format.arrays(settings).map((name) => `_${name}`);
}

/**
 * Gives a parameter the weight that a file holds: stored where the device computes from the format, else dense.
 * @throws {FormatError} naming the parameter, when the arrays do not fit together or not to it.
 */
export function restoreEncoded(
  name: string,
  parameter: Parameter,
  { encoding, settings, shape }: EncodedDescription,
  arrays: ReadonlyMap<string, RawTensor>,
): void {
  if (shape.join() !== parameter.shape.join())
    throw new FormatError(name, 0, `has the shape ${showShape(shape)}; the model needs ${showShape(parameter.shape)}`);
  const [rows = 1, ...rest] = shape;
  const given = [...arrays].map(([ending, raw]) => [ending.slice(1), arrayOf(raw)] as const);
  let matrix: EncodedMatrix;
  try {
    matrix = matrixFromArrays(
      formatNamed(encoding) as NonNullable<ReturnType<typeof formatNamed>>,
      [rows, sizeOf(rest)],
      { settings, arrays: Object.fromEntries(given) },
      { device: parameter.device },
    );
  } catch (error) {
    if (error instanceof ArgumentError) throw new FormatError(name, 0, error.message);
    throw error;
  }
  parameter.store({ matrix });
  // Asked for its tensor, it becomes dense for good.
  if (!matrix.t().hasKernel()) void parameter.tensor;
}

function arrayOf({ dtype, shape, bytes }: RawTensor): EncodedArray {
  const info = dtypes[dtype];
  // A copy, because a typed array must start at a multiple of its element size.
  const { buffer } = new Uint8Array(bytes);
  return { dtype, shape, data: info.view(buffer, 0, Math.floor(bytes.length / info.bytes)) };
}

/**
 * A description read from JSON, if it is one of a format.
 * @throws {FormatError} naming `source` and the parameter.
 */
export function parseEncoded(source: string, name: string, value: object): EncodedDescription {
  const { encoding, settings, shape } = value as Partial<Record<keyof EncodedDescription, unknown>>;
  const plain = (each: unknown): boolean => ['number', 'string', 'boolean'].includes(typeof each);
  const valid =
    typeof encoding === 'string' &&
    typeof settings === 'object' &&
    settings !== null &&
    !Array.isArray(settings) &&
    Object.values(settings).every(plain) &&
    Array.isArray(shape) &&
    shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
  if (!valid)
    throw new FormatError(
      source,
      0,
      `the description of ${brief(name)} is ${quote(value)}; it needs encoding, settings and shape`,
    );
  return { encoding, settings: settings as EncodedSettings, shape: shape as number[] };
}
