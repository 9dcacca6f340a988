/**
 * Whether numbers are such that nothing comes of them where their factor is 0: tiles multiply what a query does not see by a
 * share of 0, which they may as long as that is 0. What is not finite is not tame, nor what a product with others may make so.
 */
import { i32, memoryOp, op, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { load, panelQueries } from './panels.ts';
import type { RowSteps } from './turn.ts';

/**
 * Words of floats, which are in the order of their magnitudes: ∞; 2^58, as 256 products of factors below it add up to less than
 * 2^124; and 2^126, from which that may be taken.
 */
const words = { infinity: 0x7f800000, factor: (127 + 58) << 23, sum: (127 + 126) << 23 };

/** Whether all lanes of the largest magnitudes are below a word. */
const isBelow = (largest: Local, word: number): Expression =>
  op('i32x4.all_true', op('i32x4.lt_s', largest, op('i32x4.splat', i32(word))));

/** The largest magnitudes of numbers side by side, in a function. */
interface Largest {
  /** Takes the numbers from an address on, so many of them and a constant number of bytes apart. */
  readonly take: (from: Local, count: Expression, step: number) => void;
  /** Whether all are below a word. */
  readonly areBelow: (word: number) => Expression;
}

/** Vectors looked at in a row, each with a largest of its own. */
const together = 4;

function largestOf(f: FunctionBuilder): Largest {
  const largest = Array.from({ length: together }, () => f.let(v128([0, 0, 0, 0])));
  const [first] = largest as [Local];
  const magnitude = f.let(v128([0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff]));
  const keep = (local: Local, vector: Expression): void =>
    f.set(local, op('i32x4.max_s', local, op('v128.and', vector, magnitude)));
  return {
    take: (from, count, step) => {
      const at = f.let(from);
      const one = (): void => {
        keep(first, memoryOp('v128.load32_splat', 0, [at]));
        f.increase(at, step);
      };
      if (step !== 4) {
        f.repeat(count, one);
        return;
      }
      const left = f.let(count);
      const several = (vectors: readonly Local[]): void => {
        for (const [place, local] of vectors.entries()) keep(local, load(at, place * 16));
        f.increase(at, vectors.length * 16);
      };
      f.repeat(op('i32.div_u', left, i32(together * 4)), () => several(largest));
      f.repeat(op('i32.and', op('i32.div_u', left, i32(4)), i32(together - 1)), () => several([first]));
      f.repeat(op('i32.and', left, i32(3)), one);
    },
    areBelow: (word) => {
      for (const local of largest.slice(1)) f.set(first, op('i32x4.max_s', first, local));
      return isBelow(first, word);
    },
  };
}

/** Returns whether so many rows from an address on are tame: (from, count). */
export type AreTame = FunctionBuilder<readonly ['i32', 'i32']>;

/** Adds `name(from, count)`: whether all numbers of rows are finite, and, where they are factors of others, small enough. */
export function addTameRows(
  module: ModuleBuilder,
  name: string,
  { row, column, size }: RowSteps,
  below: 'infinity' | 'factor',
): AreTame {
  const f = module.function(name, ['i32', 'i32'], 'i32');
  const [from, count] = f.arguments;
  const largest = largestOf(f);
  const along = f.let(from);
  if (column === 4 && row === size * 4) largest.take(along, op('i32.mul', count, i32(size)), 4);
  else if (row === 4)
    f.repeat(size, () => {
      largest.take(along, count, row);
      f.increase(along, column);
    });
  else
    f.repeat(count, () => {
      largest.take(along, i32(size), column);
      f.increase(along, row);
    });
  f.return(largest.areBelow(words[below]));
  return f;
}

/** Adds `tameNumbers(from, to)`: whether the numbers of panels are such that what is not seen has shares of 0, and changes of 0. */
export function addTameNumbers(module: ModuleBuilder): AreTame {
  const f = module.function('tameNumbers', ['i32', 'i32'], 'i32');
  const [from, to] = f.arguments;
  const [logSums, deltas] = [largestOf(f), largestOf(f)];
  f.repeat(op('i32.div_u', op('i32.sub', to, from), i32(2 * panelQueries * 4)), () => {
    for (const largest of [logSums, deltas]) {
      largest.take(from, i32(panelQueries), 4);
      f.increase(from, panelQueries * 4);
    }
  });
  // Of a query without shares the logarithm is ∞.
  f.return(op('i32.and', logSums.areBelow(words.infinity + 1), deltas.areBelow(words.sum)));
  return f;
}
