/** Weights that are stored in a format of their own, in files. */
import { FormatError, type Parameter, type RawTensor } from '@espalier/nn';
import { ArgumentError, sizeOf, type EncodedSettings, type Encoding, type Shape } from '@espalier/tensor';
import { showShape } from '@espalier/tensor/arguments';
import { brief, quote } from '../quote.ts';
import { arrayFrom, storeEncoding, type FileForm } from './file-form.ts';
import { formatNamed, formatNames } from './formats.ts';

/** What a file says about a weight in a format: the array `name` of the format stands under `parameter_name`. */
export interface EncodedDescription {
  /** The name of the format. */
  readonly encoding: string;
  readonly settings: EncodedSettings;
  /** Of the parameter; its matrix is [first axis, all other axes]. */
  readonly shape: Shape;
}

/** The arrays of a weight as a file holds them, by the ending that is added to the parameter's name. */
export function packEncoded({ arrays }: Encoding): Map<string, RawTensor> {
  return new Map(
    Object.entries(arrays).map(([name, { dtype, shape, data }]) => [
      `_${name}`,
      { dtype, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
    ]),
  );
}

/** What a file says about a stored weight. */
export function describeEncoded({ format, settings }: FileForm, shape: Shape): EncodedDescription {
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
 * Gives a parameter the weight that a file holds, in its format, so that it is saved as it was; where the device does not compute
 * from that, it may keep a dense copy.
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
  const given = [...arrays].map(
    ([ending, raw]) => [ending.slice(1), arrayFrom(raw.dtype, raw.shape, raw.bytes)] as const,
  );
  const format = formatNamed(encoding) as NonNullable<ReturnType<typeof formatNamed>>;
  try {
    const whole = { settings, arrays: Object.fromEntries(given) };
    storeEncoding(parameter, format, [rows, sizeOf(rest)], whole, parameter.device);
  } catch (error) {
    if (error instanceof ArgumentError) throw new FormatError(name, 0, error.message);
    throw error;
  }
  parameter.mayKeepDense = !parameter.stored?.matrix.t().hasKernel();
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
