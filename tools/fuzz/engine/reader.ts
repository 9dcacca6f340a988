/** What a reader is: a parser of the project, with inputs that it accepts. */
import type { Random } from './random.ts';

/** What an input is made of, which decides on how it is mutated. */
export type InputKind = 'bytes' | 'text' | 'json';

/** A parser of the project, and what to feed it. */
export interface Reader {
  /** What the command line calls it. */
  readonly name: string;
  /** Whole inputs, of which mutants are made; each of them is read without an error. */
  readonly seeds: (folder: string) => Promise<readonly Uint8Array[]>;
  /** How mutants are made: as those of a kind are, or in a way of the reader's own. */
  readonly mutate: InputKind | ((input: Uint8Array, random: Random, folder: string) => Uint8Array);
  /** Makes checksums and lengths hold again, so that mutants get behind what a flipped bit trips over. */
  readonly mend?: (input: Uint8Array, random: Random) => Uint8Array;
  /** Words of the format, which mutants of text are made of too. */
  readonly words?: readonly string[];
  /**
   * Reads an input, and uses what was read as the product would.
   * @param folder an empty folder for files
   */
  readonly read: (input: Uint8Array, folder: string) => Promise<void> | void;
}

/** What went wrong with a mutant. */
export interface Finding {
  readonly reader: string;
  readonly seed: number;
  readonly index: number;
  readonly kind: 'error' | 'crash' | 'hang' | 'memory' | 'seed';
  readonly message: string;
}
