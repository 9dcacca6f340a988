/** Floats of 8 and 4 bits: what each code means, and which code a number rounds to. */

/** A layout: a sign bit, exponent bits, mantissa bits. */
interface SmallFloat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** What the highest codes are: as IEEE, only one NaN (`fn`), one NaN in the place of -0 (`fnuz`), or all finite. */
  readonly special: 'ieee' | 'fn' | 'fnuz' | 'finite';
}

/** A type of 8 or 4 bits. */
export type SmallFloatType = 'f8e4m3fn' | 'f8e4m3fnuz' | 'f8e5m2' | 'f8e5m2fnuz' | 'f4e2m1';

/** The layouts that ONNX names, by our names of the types. */
const layouts: Readonly<Record<SmallFloatType, SmallFloat>> = {
  f8e4m3fn: { exponentBits: 4, mantissaBits: 3, bias: 7, special: 'fn' },
  f8e4m3fnuz: { exponentBits: 4, mantissaBits: 3, bias: 8, special: 'fnuz' },
  f8e5m2: { exponentBits: 5, mantissaBits: 2, bias: 15, special: 'ieee' },
  f8e5m2fnuz: { exponentBits: 5, mantissaBits: 2, bias: 16, special: 'fnuz' },
  f4e2m1: { exponentBits: 2, mantissaBits: 1, bias: 1, special: 'finite' },
};

function meaning({ exponentBits, mantissaBits, bias, special }: SmallFloat, code: number): number {
  const sign = code >> (exponentBits + mantissaBits) ? -1 : 1;
  const exponent = (code >> mantissaBits) & (2 ** exponentBits - 1);
  const mantissa = code & (2 ** mantissaBits - 1);
  if (special === 'fnuz' && sign < 0 && exponent === 0 && mantissa === 0) return Number.NaN;
  const highest = exponent === 2 ** exponentBits - 1;
  if (special === 'ieee' && highest) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (special === 'fn' && highest && mantissa === 2 ** mantissaBits - 1) return Number.NaN;
  const fraction = mantissa / 2 ** mantissaBits;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

/** What there is of a layout: the meaning of each code, and the finite magnitudes in order, which are codes themselves. */
interface Codes {
  readonly meanings: readonly number[];
  readonly magnitudes: readonly number[];
}

const tables = new Map<SmallFloatType, Codes>();

function codesOf(type: SmallFloatType): Codes {
  const known = tables.get(type);
  if (known) return known;
  const layout = layouts[type];
  const count = 2 ** (1 + layout.exponentBits + layout.mantissaBits);
  const meanings = Array.from({ length: count }, (_, code) => meaning(layout, code));
  const made = { meanings, magnitudes: meanings.slice(0, count / 2).filter(Number.isFinite) };
  tables.set(type, made);
  return made;
}

/** What a code means. */
export function fromSmallFloat(type: SmallFloatType, code: number): number {
  return codesOf(type).meanings[code] as number;
}

/**
 * The nearest number of a type, ties to the even code. What is too large becomes the largest finite number with `saturate`, and
 * otherwise infinite, or NaN where the type has no infinity.
 */
export function roundToSmallFloat(type: SmallFloatType, value: number, saturate = true): number {
  const { special } = layouts[type];
  if (Number.isNaN(value)) return value;
  const { magnitudes } = codesOf(type);
  const largest = magnitudes.at(-1) as number;
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? -1 : 1;
  const last = magnitudes.length - 1;
  // Half a step above the largest still rounds to it.
  const beyond = largest + (largest - (magnitudes[last - 1] as number)) / 2;
  if (magnitude > beyond || (magnitude === beyond && last % 2 === 1) || magnitude === Number.POSITIVE_INFINITY) {
    if (saturate) return sign * largest;
    return special === 'ieee' ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((magnitudes[middle] as number) <= magnitude) low = middle;
    else high = middle - 1;
  }
  const below = magnitudes[low] as number;
  const above = magnitudes[low + 1] ?? below;
  const up = magnitude - below > above - magnitude || (magnitude - below === above - magnitude && low % 2 === 1);
  const rounded = sign * (up && above > below ? above : below);
  return special === 'fnuz' && rounded === 0 ? 0 : rounded;
}
