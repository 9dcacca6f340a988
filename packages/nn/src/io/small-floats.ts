/**
 * The values of floats of 8 bits and fewer, by their patterns.
 * Sources: P. Micikevicius et al., "FP8 formats for deep learning", 2022; B. Noune et al., "8-bit numerical formats for deep
 * neural networks", 2022 (FNUZ); Open Compute Project, "Microscaling formats (MX)", version 1.0, 2023.
 */

/** How a format is made, and which patterns are no numbers. */
interface Kind {
  /** With the sign: 8, or 4. */
  readonly bits: number;
  readonly mantissa: number;
  readonly bias: number;
  /**
   * `ieee`: the largest exponent has infinities and NaN; `ones`: NaN where all bits but the sign are 1; `minus-zero`: NaN
   * instead of -0; `none`: every pattern is a number.
   */
  readonly special: 'ieee' | 'ones' | 'minus-zero' | 'none';
}

const kinds: Readonly<Record<string, Kind>> = {
  F8_E4M3: { bits: 8, mantissa: 3, bias: 7, special: 'ones' },
  F8_E5M2: { bits: 8, mantissa: 2, bias: 15, special: 'ieee' },
  F8_E4M3FNUZ: { bits: 8, mantissa: 3, bias: 8, special: 'minus-zero' },
  F8_E5M2FNUZ: { bits: 8, mantissa: 2, bias: 16, special: 'minus-zero' },
  F4: { bits: 4, mantissa: 1, bias: 1, special: 'none' },
};

function valueOf({ bits, mantissa, bias, special }: Kind, pattern: number): number {
  const magnitude = 2 ** (bits - 1) - 1;
  const exponent = (pattern & magnitude) >> mantissa;
  const rest = pattern & (2 ** mantissa - 1);
  const sign = pattern <= magnitude ? 1 : -1;
  if (special === 'ieee' && exponent === magnitude >> mantissa) return rest === 0 ? sign * Infinity : NaN;
  if (special === 'ones' && (pattern & magnitude) === magnitude) return NaN;
  if (special === 'minus-zero' && pattern === magnitude + 1) return NaN;
  const fraction = rest / 2 ** mantissa;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

const tables = new Map<string, Float32Array>();

/**
 * All values of a small float by pattern, each of which f32 holds: F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ, F8_E8M0 (a
 * power of two without a sign) and F4 (E2M1). Undefined for any other name.
 */
export function smallFloats(name: string): Float32Array | undefined {
  const known = tables.get(name);
  if (known) return known;
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind && name !== 'F8_E8M0') return undefined;
  const made = kind
    ? Float32Array.from({ length: 2 ** kind.bits }, (_, pattern) => valueOf(kind, pattern))
    : Float32Array.from({ length: 256 }, (_, pattern) => (pattern === 255 ? NaN : 2 ** (pattern - 127)));
  tables.set(name, made);
  return made;
}
