/** Numbers of 16 bits in registers: from patterns to f32 and back. */
import { i32, op, shuffle16, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import type { Stored } from './storage.ts';
import { zeroVector } from './vector-code.ts';

/** Words of two registers in turns: the first four of each, and the last four. */
const inTurns = [0, 4].map((first) => [0, 1, 2, 3].flatMap((word) => [first + word, 8 + first + word]));

/** The largest patterns met so far: of what was widened, moved up by a bit that drops the sign, and of what was rounded, without one. */
interface Met {
  readonly widened: Local;
  readonly rounded: Local;
}

/** What numbers without their scale have to be multiplied by. Sums of them are exact where those of the numbers are: none is too small for f32. */
export const unscaled: number = 2 ** 112;

/**
 * The conversions of one function. Where code can be run again they may be taken on trust: with fewer instructions, for numbers of f16 that
 * are finite before and after. Whether all were is seen from the largest patterns, and what was computed from others is no good.
 */
export class Halves {
  readonly #f: FunctionBuilder;
  readonly #library: MathLibrary;
  #met: Met | undefined;
  #isScaled = true;

  constructor(f: FunctionBuilder, library: MathLibrary) {
    this.#f = f;
    this.#library = library;
  }

  /** Writes `body` with conversions on trust; whether that was wrong, behind it. */
  onTrust(body: () => void): Expression {
    const met = { widened: this.#f.let(zeroVector), rounded: this.#f.let(zeroVector) };
    this.#met = met;
    body();
    this.#met = undefined;
    const least = v128([0x7c007c00, 0x7c007c00, 0x7c007c00, 0x7c007c00]);
    const without = this.#f.let(op('i16x8.max_u', op('i16x8.shr_u', met.widened, i32(1)), met.rounded));
    return op('v128.any_true', op('i16x8.eq', without, op('i16x8.max_u', without, least)));
  }

  /** Whether what is being written is taken on trust. */
  get areTrusted(): boolean {
    return this.#met !== undefined;
  }

  /** Writes `body` with what is widened eight at a time on trust smaller than it is, by `unscaled`. */
  withoutScale(body: () => void): void {
    this.#isScaled = false;
    body();
    this.#isScaled = true;
  }

  /** Four 16-bit patterns in 32-bit lanes, with their signs in front, to f32. */
  widenFour(dtype: Stored, patterns: Expression): Expression {
    return dtype === 'f16' ? this.#library.within(this.#f, 'widenF16', patterns) : op('i32x4.shl', patterns, i32(16));
  }

  /** Eight patterns that lie side by side as numbers, or as they are. */
  widenEight(dtype: Stored, patterns: Expression): Expression[] {
    if (dtype === 'bits16') return [patterns];
    const f = this.#f;
    const packed = f.let(patterns);
    if (dtype === 'bf16') return inTurns.map((words) => shuffle16(zeroVector, packed, words));
    if (this.#met) this.#meet(this.#met.widened, op('i16x8.add', packed, packed));
    const upper = f.let(this.#library.within(f, this.#met ? 'upperFinite' : 'upperF16', packed));
    // Shifts have half as many units of the processor as most else, and others than products.
    const lower = f.let(op('i16x8.mul', packed, f.once('2^13 of 16 bits', op('i16x8.splat', i32(2 ** 13)))));
    const placed = inTurns.map((words) => shuffle16(lower, upper, words));
    return this.#isScaled ? placed.map((words) => this.#library.within(f, 'scaleF16', words)) : placed;
  }

  /** Two registers as 16-bit patterns side by side. */
  narrow(dtype: Stored, low: Expression, high: Expression): Expression {
    const f = this.#f;
    if (dtype !== 'f16') return this.#library.within(f, 'narrowBf16', low, high);
    if (!this.#met) return this.#library.within(f, 'narrowF16', low, high);
    const [first, second] = [f.let(low), f.let(high)];
    const magnitudes = f.let(this.#library.within(f, 'roundFinite', first, second));
    this.#meet(this.#met.rounded, magnitudes);
    return this.#library.within(f, 'signedF16', magnitudes, first, second);
  }

  #meet(largest: Local, patterns: Expression): void {
    this.#f.set(largest, op('i16x8.max_u', largest, patterns));
  }
}
