/** The state behind random draws: a key and the number of draws so far. */
import { aCount, anObject, check, checkOptions, type OptionRules } from '../arguments/rules.ts';

/** The state of a generator, as JSON. */
export interface GeneratorState {
  readonly seed: number;
  readonly draws: number;
}

const stateRules: OptionRules<GeneratorState> = { seed: aCount, draws: aCount };

/**
 * A counter-based random generator. Draw number n of a generator with seed s is a pure function of (s, n), the same on
 * every device.
 */
export class Generator {
  #seed: number;
  #draws: number;

  /** @throws {ArgumentError} unless the seed is a safe non-negative integer. */
  constructor(seed: number) {
    this.#seed = check('Generator', 'the seed', seed, aCount);
    this.#draws = 0;
  }

  /** The state, to be kept and set again. */
  state(): GeneratorState {
    return { seed: this.#seed, draws: this.#draws };
  }

  /**
   * Continues from a kept state.
   * @throws {ArgumentError} unless both parts are safe non-negative integers.
   */
  setState(state: GeneratorState): void {
    check<object>('setState', 'the state', state, anObject);
    const { seed, draws } = checkOptions('setState', state, stateRules);
    check('setState', 'seed', seed, aCount);
    check('setState', 'draws', draws, aCount);
    this.#seed = seed;
    this.#draws = draws;
  }

  /** The key words and the number of the next draw, as u32; counts the draw. */
  next(): Uint32Array<ArrayBuffer> {
    const draw = this.#draws++;
    return Uint32Array.of(this.#seed >>> 0, Math.floor(this.#seed / 2 ** 32), draw);
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
