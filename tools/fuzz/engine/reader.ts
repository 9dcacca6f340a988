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
   * @param passed is called where the head of the input was accepted: behind it mutants are worth most. Where values are packed or
   * repeated in the file, it is told how many bytes they are; the reader under test holds these to a limit of its own, which
   * ARCHITECTURE.md states
   */
  readonly read: (input: Uint8Array, folder: string, passed: (stands?: number) => void) => Promise<void> | void;
  /**
   * What is done with an input that was read, and takes memory for what it makes: it must not crash or hang either.
   * @param folder that which it was read in
   */
  readonly use?: (input: Uint8Array, folder: string) => Promise<void>;
  /** What it may take, where that is not what readers may in general; the reason stands beside it. */
  readonly limit?: Partial<MemoryLimit>;
}

/** How much memory a mutant may take: `factor` times its bytes, or those that it stands for, and `free` bytes. */
export interface MemoryLimit {
  readonly factor: number;
  readonly free: number;
  /** Whether all that the process has counts, since what reads is not JavaScript and its memory is not V8's. */
  readonly isNative: boolean;
}

/**
 * What becomes objects takes more than its bytes: `{}` fifty, an instruction of a pickle sixty, a column of a table some hundred. The
 * readers hold what is small to 6 MiB of objects, and what is large to a few times its size (`checkJsonMemory`, `readPickle`).
 */
export const ofObjects = { free: 12 * 2 ** 20 } satisfies Partial<MemoryLimit>;

/** What became of mutants. */
export interface Outcome {
  readonly mutants: number;
  /** How many had a head that was accepted, where the reader tells. */
  readonly passed: number;
  /** How many were read to their end. */
  readonly read: number;
  /** The most memory that a mutant took, as a part of what it might. */
  readonly fullest: number;
}

/** What went wrong with a mutant. */
export interface Finding {
  readonly reader: string;
  readonly seed: number;
  readonly index: number;
  readonly kind: 'error' | 'crash' | 'hang' | 'memory' | 'seed';
  readonly message: string;
}
