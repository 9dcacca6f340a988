/** The whole numbers that weights are rounded to, by name, so that recipes and files can name them. */
import { ConfigError, Registry } from '@espalier/nn';
import { aText, check, ruleOf } from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import type { RangeCodes, ValueRange } from './observers/observer.ts';
import { roundHalfToEven } from './rounding.ts';

/** The formats that weights can be quantized to. */
export type WeightFormat = 'int8' | 'int4' | 'int3' | 'int2' | (string & Record<never, never>);

/** The whole numbers of a format that are used: codes, each of which stands for itself times a scale. */
export interface NumberFormat {
  readonly name: string;
  /** How many bits a code takes in a file, from 2 to 8; two's complement. */
  readonly bits: number;
  /** The least code, below 0. */
  readonly minimum: number;
  /** The largest code, above 0. */
  readonly maximum: number;
}

/** What files say of weights that are not rounded. */
export const plainFormat = 'float32';

const formats = new Registry<NumberFormat>('number format', ({ name }) => name, [
  // -128 is left out (the restricted range): then -w has the code -q, the scale is max|w| / 127, and no product of two codes
  // is larger than 127².
  { name: 'int8', bits: 8, minimum: -127, maximum: 127 },
  // Of few codes none can be spared.
  { name: 'int4', bits: 4, minimum: -8, maximum: 7 },
  { name: 'int3', bits: 3, minimum: -4, maximum: 3 },
  { name: 'int2', bits: 2, minimum: -2, maximum: 1 },
]);

const whole = (is: string, low: number, high: number): ReturnType<typeof ruleOf<number>> =>
  ruleOf<number>(is, (value) => Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high);

const aNumberFormat = partsOf<NumberFormat>(
  'a number format: { name, bits, minimum, maximum } with 2 to 8 bits, a whole minimum below 0 and a whole maximum above 0',
  {
    name: aText,
    bits: whole('bits', 2, 8),
    minimum: whole('a code below 0', -128, -1),
    maximum: whole('a code above 0', 1, 127),
  },
);

/**
 * Makes a number format known by its name: to `quantize`, and to the files of models that have weights in it.
 * @throws {ConfigError} if the name is taken by another one, or its codes need more bits than it has.
 *
 * @example
 * registerNumberFormat({ name: 'ternary', bits: 2, minimum: -1, maximum: 1 });
 */
export function registerNumberFormat(format: NumberFormat): void {
  const operation = 'registerNumberFormat';
  const { name, bits, minimum, maximum } = check(operation, 'format', format, aNumberFormat);
  if (name === plainFormat || name === 'codebook')
    throw new ConfigError(
      operation,
      `'${name}' stands for weights that are ${name === plainFormat ? 'not rounded' : 'rounded to values of a table'}; choose another name`,
    );
  const half = 2 ** (bits - 1);
  if (minimum < -half || maximum >= half)
    throw new ConfigError(
      operation,
      `${bits} bits hold the codes from ${-half} to ${half - 1}, not from ${minimum} to ${maximum}; give it more bits`,
    );
  // What files were written by must not change under them.
  formats.register(operation, Object.freeze(format));
}

/** The names of the number formats, those that were registered last. */
export const numberFormats: readonly WeightFormat[] = formats.names;

/**
 * The number format of a name.
 * @throws {ConfigError} with the names that there are, for one that is not known.
 */
export function numberFormat(name: WeightFormat): NumberFormat {
  return formats.find('numberFormat', name);
}

/** The smallest normal f32: a scale below it would lose its precision, and could be 0. */
const smallestScale = 2 ** -126;
/** What a scale times so many steps may be: rounded to an f32 each, both stay finite. */
const largestProduct = (2 - 2 ** -22) * 2 ** 127;

/** A scale as an f32 that neither vanishes nor takes so many steps to infinity. */
function bounded(scale: number, steps: number): number {
  return Math.max(smallestScale, Math.fround(Math.min(scale, largestProduct / steps)));
}

/**
 * The scale, an f32, with which the codes of a format reach over a range: the number 0 has the code 0, so that what was pruned
 * stays exactly zero. That of an empty range is 1.
 */
export function scaleOf(range: ValueRange, { minimum, maximum }: Pick<NumberFormat, 'minimum' | 'maximum'>): number {
  const scale = Math.max(range.minimum / minimum, range.maximum / maximum);
  return scale === 0 ? 1 : bounded(scale, Math.max(-minimum, maximum));
}

/** A scale, an f32, and the code that stands for the number 0. */
export interface Affine {
  readonly scale: number;
  readonly zero: number;
}

/** The scale and the zero point with which codes reach over a range: without zero points as `scaleOf`. */
export function affineOf(range: ValueRange, codes: RangeCodes): Affine {
  const { minimum, maximum, zeros } = codes;
  if (!zeros) return { scale: scaleOf(range, codes), zero: 0 };
  const extent = range.maximum - range.minimum;
  if (extent === 0) return { scale: 1, zero: Math.max(minimum, Math.min(maximum, 0)) };
  const scale = bounded(extent / (maximum - minimum), maximum - minimum);
  const zero = roundHalfToEven(minimum - range.minimum / scale);
  return { scale, zero: Math.max(minimum, Math.min(maximum, zero)) };
}
