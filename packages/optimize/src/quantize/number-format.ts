/** The whole numbers that weights are rounded to, by name, so that recipes and files can name them. */
import { ConfigError, Registry } from '@espalier/nn';
import { aText, check, ruleOf } from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import type { ValueRange } from './observers.ts';

/** The formats that weights can be quantized to. */
export type WeightFormat = 'int8' | (string & Record<never, never>);

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

/**
 * The scale, an f32, that spreads a format over a range, both ways alike: the number 0 has the code 0, so that what was pruned
 * stays exactly zero. That of an empty range is 1.
 */
export function scaleOf(range: ValueRange, { minimum, maximum }: NumberFormat): number {
  const extent = Math.max(-range.minimum, range.maximum);
  return extent === 0 ? 1 : Math.max(Math.fround(extent / Math.min(-minimum, maximum)), smallestScale);
}
