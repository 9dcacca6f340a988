/**
 * Sums of many f32 terms in one invocation. A sum is kept on several levels: 64 terms make a block of level 0, 64 blocks
 * one of the next level, and so on, so that the error grows with the logarithm of the number of terms: at most
 * 64 · levels roundings of 2^-24 each. Compensated summation would be lost on drivers that reorder arithmetic.
 */
import { indent } from './wgsl-module.ts';

/** Up to so many terms are added up plainly. */
const longestPlainSum = 128;
const blockLength = 64;

/** Sums that take their terms together; a term is added to `name`. */
export interface LongSums {
  /** Declares all levels but the sums themselves, at 0. */
  readonly declarations: readonly string[];
  /** To be run after every term that was added to `target(name)`. */
  readonly settle: readonly string[];
  /** Brings everything into the sums. */
  readonly close: readonly string[];
  /** Starts again after `close`, from what the sums hold. */
  readonly clear: readonly string[];
  /** What the next term is added to. */
  readonly target: (name: string) => string;
  /** The sum up to now as an expression. */
  readonly whole: (name: string) => string;
}

const plain: LongSums = {
  declarations: [],
  settle: [],
  close: [],
  clear: [],
  target: (name) => name,
  whole: (name) => name,
};

/** The statements that keep the f32 sums `names`, variables that exist, of up to `terms` terms each; `turn` names a counter. */
export function longSums(names: readonly string[], terms: number, turn: string): LongSums {
  if (terms <= longestPlainSum || names.length === 0) return plain;
  const above = Math.ceil(Math.log(terms) / Math.log(blockLength)) - 1;
  const levels = Array.from({ length: above }, (_, level) => level);
  const at = (name: string, level: number): string => (level === above ? name : `${name}_${level}`);
  const raise = (level: number): string[] => names.map((name) => `${at(name, level + 1)} += ${at(name, level)};`);
  const settleFrom = (level: number): string[] =>
    level === above
      ? []
      : [
          `if (${turn} % ${blockLength ** (level + 1)}u == 0u) {`,
          indent([...raise(level), ...names.map((name) => `${at(name, level)} = 0.0;`), ...settleFrom(level + 1)]),
          '}',
        ];
  return {
    declarations: [
      `var ${turn} = 0u;`,
      ...levels.flatMap((level) => names.map((name) => `var ${at(name, level)} = 0.0;`)),
    ],
    settle: [`${turn} += 1u;`, ...settleFrom(0)],
    close: levels.flatMap(raise),
    clear: [`${turn} = 0u;`, ...levels.flatMap((level) => names.map((name) => `${at(name, level)} = 0.0;`))],
    target: (name) => at(name, 0),
    whole: (name) => [...levels, above].map((level) => at(name, level)).join(' + '),
  };
}
