/**
 * Who sees whom, pair by pair, for numbers that are not tame (`tame.ts`): a product which leaves out what is not seen, whatever
 * is there. It is slow, and adds up in the order of the strips, so that what they would give too is the same.
 */
import { call, f32, memoryOp, op, type Expression } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { halves, load } from './panels.ts';
import type { ScoreFunctions, WriteScores } from './scores.ts';
import { addInto, type Strip } from './strip.ts';

/** Adds what writes the marks of a place where scores would be: 0 of a pair that is seen, else -∞. */
export function addMarks(module: ModuleBuilder, { hide }: ScoreFunctions, panelStep: number): WriteScores {
  const show = addShow(module, panelStep);
  return (f, place) => {
    f.do(call(show, place.scores, place.rows));
    hide(f, place);
  };
}

/** Adds `show(marks, rows)`: 8 columns of rows are 0. */
function addShow(module: ModuleBuilder, panelStep: number): FunctionBuilder<readonly ['i32', 'i32']> {
  const f = module.function('show', ['i32', 'i32']);
  const [marks, rows] = f.arguments;
  f.repeat(rows, () => {
    for (const half of halves) f.store('v128.store', marks, op('f32x4.splat', f32(0)), half * 16);
    f.increase(marks, panelStep);
  });
  return f;
}

/** Adds `hideSilent(marks, rows, logSum, count)`: queries whose logarithms are -∞ see nothing. */
export function addHideSilent(
  module: ModuleBuilder,
  step: number,
  panelStep: number,
): FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32']> {
  const f = module.function('hideSilent', ['i32', 'i32', 'i32', 'i32']);
  const [marks, rows, logSum, count] = f.arguments;
  const at = f.local('i32');
  f.repeat(count, () => {
    f.if(op('f32.eq', memoryOp('f32.load', 0, [logSum]), f32(Number.NEGATIVE_INFINITY)), () => {
      f.set(at, marks);
      f.repeat(rows, () => {
        f.store('f32.store', at, f32(Number.NEGATIVE_INFINITY));
        f.increase(at, panelStep);
      });
    });
    f.increase(marks, 4);
    f.increase(logSum, step);
  });
  return f;
}

/** A product of what is seen: marks lie as a does. */
export type SeenProduct = (
  f: FunctionBuilder,
  a: Expression,
  marks: Expression,
  b: Expression,
  c: Expression,
  rows: Expression,
  depth: Expression,
) => void;

/** Adds the product of so many columns, a multiple of 4. */
export function addSeenProduct(
  module: ModuleBuilder,
  name: string,
  columns: number,
  strip: Omit<Strip, 'vectors'>,
): SeenProduct {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [a, marks, b, c, rows, depth] = f.arguments;
  const [from, mark, second, sum] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('v128')];
  f.repeat(rows, () => {
    const [row, to] = [f.let(b), f.let(c)];
    f.repeat(columns / 4, () => {
      for (const [local, value] of [
        [from, a],
        [mark, marks],
        [second, row],
      ] as const)
        f.set(local, value);
      f.set(sum, op('f32x4.splat', f32(0)));
      f.repeat(depth, () => {
        f.if(op('i32.eqz', memoryOp('i32.load', 0, [mark])), () =>
          f.set(sum, addInto(strip, sum, memoryOp('v128.load32_splat', 0, [from]), load(second))),
        );
        f.increase(from, strip.aDepth);
        f.increase(mark, strip.aDepth);
        f.increase(second, strip.bDepth);
      });
      f.store('v128.store', to, strip.adds ? op('f32x4.add', load(to), sum) : sum);
      f.increase(to, 16);
      f.increase(row, 16);
    });
    f.increase(a, strip.aRow);
    f.increase(marks, strip.aRow);
    f.increase(c, strip.cRow);
  });
  return (caller, ...given) => caller.do(call(f, ...given));
}
