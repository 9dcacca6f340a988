/** The state behind random draws: a key and the number of draws so far. */
import { ArgumentError } from '../errors.ts';

/** The state of a generator, as JSON. */
export interface GeneratorState {
  readonly seed: number;
  readonly draws: number;
}

/**
 * A counter-based random generator. Draw number n of a generator with seed s is a pure function of (s, n), the same on
 * every device.
 */
export class Generator {
  private seed: number;
  private draws: number;

  /** Throws ArgumentError unless the seed is a safe non-negative integer. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new ArgumentError('Generator', `seed ${seed} is no safe non-negative integer`);
    this.seed = seed;
    this.draws = 0;
  }

  /** The state, to be kept and set again. */
  state(): GeneratorState {
    return { seed: this.seed, draws: this.draws };
  }

  /** Continues from a kept state. */
  setState({ seed, draws }: GeneratorState): void {
    this.seed = seed;
    this.draws = draws;
  }

  /** The key words and the number of the next draw, as u32; counts the draw. */
  next(): Uint32Array<ArrayBuffer> {
    const draw = this.draws++;
    return Uint32Array.of(this.seed >>> 0, Math.floor(this.seed / 2 ** 32), draw);
  }
}

let shared = new Generator(0);

/** The generator that draws use unless one is given. */
export function defaultGenerator(): Generator {
  return shared;
}

/** Starts the default generator anew from a seed. */
export function manualSeed(seed: number): void {
  shared = new Generator(seed);
}
