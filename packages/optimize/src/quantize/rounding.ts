/** Rounding as IEEE 754 and every device here do it. */

/** The nearest whole number; halves go to the even one. `Math.round` takes them up. */
export function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value - Math.trunc(value)) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
