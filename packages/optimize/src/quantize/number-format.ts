/** Whole-number formats, and the parameters that map real numbers onto them. */
import type { ValueRange } from './observers.ts';
import { roundHalfToEven } from './rounding.ts';

/** The formats that weights can be quantized to. */
export type WeightFormat = 'int8';

/** The formats that activations can be quantized to. */
export type ActivationFormat = 'uint8';

/** The whole numbers of a format that are used. */
export interface NumberFormat {
  readonly bits: number;
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * `int8` leaves out -128 (the restricted range): then -w has the code -q, the scale is max|w| / 127, and no product of two
 * codes is larger than 127².
 */
export const numberFormats: Readonly<Record<WeightFormat | ActivationFormat, NumberFormat>> = {
  int8: { bits: 8, minimum: -127, maximum: 127 },
  uint8: { bits: 8, minimum: 0, maximum: 255 },
};

/** The smallest normal f32: a scale below it would lose its precision, and could be 0. */
const smallestScale = 2 ** -126;

/** A real number is about `scale · (code - zeroPoint)`; `scale` is an f32. */
export interface QuantizationParameters {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Parameters with the code 0 for the number 0, so that what was pruned stays exactly zero. An empty range gets scale 1. */
export function symmetricParameters(range: ValueRange, format: NumberFormat): QuantizationParameters {
  const extent = Math.max(-range.minimum, range.maximum);
  return { scale: extent === 0 ? 1 : scaleOf(extent, format.maximum), zeroPoint: 0 };
}

/** Parameters that spread the whole format over the range; the number 0 is exactly representable too. */
export function affineParameters(range: ValueRange, format: NumberFormat): QuantizationParameters {
  const extent = range.maximum - range.minimum;
  const scale = extent === 0 ? 1 : scaleOf(extent, format.maximum - format.minimum);
  const zeroPoint = format.minimum - roundHalfToEven(range.minimum / scale);
  return { scale, zeroPoint: Math.min(format.maximum, Math.max(format.minimum, zeroPoint)) };
}

function scaleOf(extent: number, codes: number): number {
  return Math.max(Math.fround(extent / codes), smallestScale);
}
