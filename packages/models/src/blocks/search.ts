/**
 * How llama.cpp finds the scale of a few weights of a k-quant: it tries several, and keeps that with the least error. Every
 * step is rounded to f32, since the blocks have to be the same to the last bit.
 * Source: I. Kawrakow, "k-quants", ggml.
 */
import { nearest } from './half.ts';

const { fround, abs, max, min } = Math;

/** Below this magnitude weights count as zeros. */
const nothing = fround(1e-15);

/** A scale, and a minimum that is taken off. */
export interface Span {
  scale: number;
  minimum: number;
}

/** How scale and minimum are searched for. */
export interface SpanSearch {
  /** Weights that share them. */
  readonly size: number;
  /** The largest code. */
  readonly most: number;
  /** The first step beside `most` that is tried, and how many more, each a tenth larger. */
  readonly first: number;
  readonly steps: number;
  /** Whether errors count as they are, not squared. */
  readonly isAbsolute: boolean;
}

const tried = new Uint8Array(32);

/**
 * Scale and minimum of `size` weights from `from` on, by the least weighted error; a minimum above 0 counts as 0. Writes their
 * codes, which stand where the scale becomes 0 on being stored, from `at` on. Every minimum that is better is the one from which
 * the next scales are tried.
 */
export function searchSpan(
  { size, most, first, steps, isAbsolute }: SpanSearch,
  weights: Float32Array,
  from: number,
  importance: Float32Array,
  codes: Uint8Array,
  at: number,
  found: Span,
): void {
  let least = weights[from] as number;
  let largest = least;
  let sumW = importance[0] as number;
  let sumX = fround(sumW * least);
  for (let i = 1; i < size; i++) {
    const x = weights[from + i] as number;
    if (x < least) least = x;
    if (x > largest) largest = x;
    const w = importance[i] as number;
    sumW = fround(sumW + w);
    sumX = fround(sumX + fround(w * x));
  }
  if (least > 0) least = 0;
  found.scale = 0;
  found.minimum = fround(-least);
  if (largest === least) {
    codes.fill(0, at, at + size);
    return;
  }
  let minimum = least;
  let inverse = fround(most / fround(largest - minimum));
  let scale = fround(1 / inverse);
  let best = 0;
  for (let i = 0; i < size; i++) {
    const x = weights[from + i] as number;
    const code = max(0, min(most, nearest(fround(inverse * fround(x - minimum)))));
    codes[at + i] = code;
    const off = fround(fround(fround(scale * code) + minimum) - x);
    best = fround(best + fround((importance[i] as number) * (isAbsolute ? abs(off) : fround(off * off))));
  }
  const tenth = fround(0.1);
  for (let step = 0; step <= steps; step++) {
    inverse = fround(fround(fround(first + fround(tenth * step)) + most) / fround(largest - minimum));
    let [sumL, sumL2, sumXL] = [0, 0, 0];
    for (let i = 0; i < size; i++) {
      const x = weights[from + i] as number;
      const code = max(0, min(most, nearest(fround(inverse * fround(x - minimum)))));
      tried[i] = code;
      const wl = fround((importance[i] as number) * code);
      sumL = fround(sumL + wl);
      sumL2 = fround(sumL2 + fround(wl * code));
      sumXL = fround(sumXL + fround(wl * x));
    }
    const determinant = fround(fround(sumW * sumL2) - fround(sumL * sumL));
    if (!(determinant > 0)) continue;
    let ownScale = fround(fround(fround(sumW * sumXL) - fround(sumX * sumL)) / determinant);
    let ownMinimum = fround(fround(fround(sumL2 * sumX) - fround(sumL * sumXL)) / determinant);
    if (ownMinimum > 0) {
      ownMinimum = 0;
      ownScale = fround(sumXL / sumL2);
    }
    let error = 0;
    for (let i = 0; i < size; i++) {
      const off = fround(fround(fround(ownScale * (tried[i] as number)) + ownMinimum) - (weights[from + i] as number));
      error = fround(error + fround((importance[i] as number) * (isAbsolute ? abs(off) : fround(off * off))));
    }
    if (error < best) {
      best = error;
      scale = ownScale;
      minimum = ownMinimum;
      for (let i = 0; i < size; i++) codes[at + i] = tried[i] as number;
    }
  }
  found.scale = scale;
  found.minimum = fround(-minimum);
}

/** The first of the weights with the largest magnitude; 0 where all count as zeros. */
function extremeOf(weights: Float32Array, from: number, size: number): number {
  let extreme = 0;
  for (let i = 0; i < size; i++) {
    const x = weights[from + i] as number;
    if (abs(x) > abs(extreme)) extreme = x;
  }
  return abs(extreme) < nothing ? 0 : extreme;
}

/**
 * The scale of 16 weights with codes from -`most` to `most` - 1, by the least error weighted with the square of the weight:
 * 19 of them are tried around that which gives the extreme the code -`most`. Writes codes, `most` being added, which stand
 * where the scale becomes 0 on being stored.
 */
export function searchScale(weights: Float32Array, from: number, most: number, codes: Uint8Array, at: number): number {
  const size = 16;
  const extreme = extremeOf(weights, from, size);
  if (extreme === 0) {
    codes.fill(0, at, at + size);
    return 0;
  }
  const tenth = fround(0.1);
  let [scale, best] = [0, 0];
  for (let place = 0; place < 19; place++) {
    // The middle first, then from below upwards.
    const step = place === 0 ? 0 : place < 10 ? place - 10 : place - 9;
    const inverse = fround(fround(-fround(most + fround(tenth * step))) / extreme);
    let [sumLX, sumL2] = [0, 0];
    for (let i = 0; i < size; i++) {
      const x = weights[from + i] as number;
      const code = max(-most, min(most - 1, nearest(fround(inverse * x))));
      const w = fround(x * x);
      sumLX = fround(sumLX + fround(fround(w * x) * code));
      sumL2 = fround(sumL2 + fround(fround(w * code) * code));
    }
    const isBetter = place === 0 || (sumL2 > 0 && fround(sumLX * sumLX) > fround(best * sumL2));
    if (!isBetter) continue;
    for (let i = 0; i < size; i++)
      codes[at + i] = max(-most, min(most - 1, nearest(fround(inverse * (weights[from + i] as number))))) + most;
    scale = sumL2 === 0 ? 0 : fround(sumLX / sumL2);
    best = fround(scale * sumLX);
  }
  return scale;
}

/** As `searchScale`, by changing one code at a time for as long as that helps, five times at most. */
export function descendScale(weights: Float32Array, from: number, most: number, codes: Uint8Array, at: number): number {
  const size = 16;
  const extreme = extremeOf(weights, from, size);
  if (extreme === 0) {
    codes.fill(0, at, at + size);
    return 0;
  }
  const inverse = fround(-most / extreme);
  let [sumLX, sumL2] = [0, 0];
  for (let i = 0; i < size; i++) {
    const x = weights[from + i] as number;
    const code = max(-most, min(most - 1, nearest(fround(inverse * x))));
    codes[at + i] = code + most;
    const w = fround(x * x);
    sumLX = fround(sumLX + fround(fround(w * x) * code));
    sumL2 = fround(sumL2 + fround(fround(w * code) * code));
  }
  for (let sweep = 0; sweep < 5; sweep++) {
    let hasChanged = false;
    for (let i = 0; i < size; i++) {
      const x = weights[from + i] as number;
      const w = fround(x * x);
      const code = (codes[at + i] as number) - most;
      let lx = fround(sumLX - fround(fround(w * x) * code));
      if (!(lx > 0)) continue;
      let l2 = fround(sumL2 - fround(fround(w * code) * code));
      const other = max(-most, min(most - 1, nearest(fround(fround(x * l2) / lx))));
      if (other === code) continue;
      lx = fround(lx + fround(fround(w * x) * other));
      l2 = fround(l2 + fround(fround(w * other) * other));
      if (!(l2 > 0 && fround(fround(lx * lx) * sumL2) > fround(fround(sumLX * sumLX) * l2))) continue;
      codes[at + i] = other + most;
      [sumLX, sumL2] = [lx, l2];
      hasChanged = true;
    }
    if (!hasChanged) break;
  }
  return sumL2 > 0 ? fround(sumLX / sumL2) : 0;
}
