/** From scores and what comes back to values, to shares and the changes of scores: what gradients are sums of. */
import { f32, i32, memoryOp, op, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { halves, load, panelQueries } from './panels.ts';

/** Bytes of the numbers of a panel's queries: the logarithms of their sums, then what their changes are apart from. */
export const numbersBytes: number = 2 * panelQueries * 4;
const deltaAt = panelQueries * 4;

/** Adds `numbers(logSum, delta, to, count)`: those of the first queries of a panel; others, and those that see nothing, have no shares. */
export function addNumbers(
  module: ModuleBuilder,
  steps: Readonly<Record<'logSum' | 'delta', number>>,
): FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32']> {
  const f = module.function('numbers', ['i32', 'i32', 'i32', 'i32']);
  const [logSum, delta, to, count] = f.arguments;
  for (const half of halves) {
    f.store('v128.store', to, op('f32x4.splat', f32(Number.POSITIVE_INFINITY)), half * 16);
    f.store('v128.store', to, op('f32x4.splat', f32(0)), deltaAt + half * 16);
  }
  f.repeat(count, () => {
    const sum = f.let(memoryOp('f32.load', 0, [logSum]));
    f.if(op('f32.ne', sum, f32(Number.NEGATIVE_INFINITY)), () => {
      f.store('f32.store', to, sum);
      f.store('f32.store', to, memoryOp('f32.load', 0, [delta]), deltaAt);
    });
    f.increase(logSum, steps.logSum);
    f.increase(delta, steps.delta);
    f.increase(to, 4);
  });
  return f;
}

/** Adds `change(scores, towards, rows, numbers)`: scores become shares, and what comes back the changes. */
export function addChange(
  module: ModuleBuilder,
  library: MathLibrary,
  panelStep: number,
  scale: number,
): FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32']> {
  const f = module.function('change', ['i32', 'i32', 'i32', 'i32']);
  const [scores, towards, rows, numbers] = f.arguments;
  const vectors = (offset: number): Local[] => halves.map((half) => f.let(load(numbers, offset + half * 16)));
  const [logSums, deltas] = [vectors(0), vectors(deltaAt)];
  const factor = f.let(op('f32x4.splat', f32(scale)));
  f.repeat(rows, () => {
    for (const half of halves) {
      const score = op('f32x4.sub', load(scores, half * 16), logSums[half] as Local);
      const share = f.let(library.within(f, 'share', score));
      f.store('v128.store', scores, share, half * 16);
      const apart = op('f32x4.sub', load(towards, half * 16), deltas[half] as Local);
      f.store('v128.store', towards, op('f32x4.mul', op('f32x4.mul', share, factor), apart), half * 16);
    }
    f.increase(scores, panelStep);
    f.increase(towards, panelStep);
  });
  return f;
}

/** Adds `name(from, bytes)`: a value in all of so many bytes, a multiple of 16. */
export function addFill(module: ModuleBuilder, name: string, value: number): FunctionBuilder<readonly ['i32', 'i32']> {
  const f = module.function(name, ['i32', 'i32']);
  const [from, bytes] = f.arguments;
  f.repeat(op('i32.div_u', bytes, i32(16)), () => {
    f.store('v128.store', from, op('f32x4.splat', f32(value)));
    f.increase(from, 16);
  });
  return f;
}
