/** What queries do not see: the scores of a panel become -∞ there. Biases are added to scores in the same walk. */
import { f32, i32, laneOp, memoryOp, op, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { halves, load, minusInfinity, panelQueries } from './panels.ts';

/** Adds `hideLater(s, from, to, seen)`, for panels whose rows are so many bytes apart: of rows `from` up to `to`, column c sees those of at most seen + c. */
export function addHideLater(
  module: ModuleBuilder,
  panelStep: number,
): FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32']> {
  const f = module.function('hideLater', ['i32', 'i32', 'i32', 'i32']);
  const [s, from, to, seen] = f.arguments;
  const at = f.let(op('i32.add', s, op('i32.mul', from, i32(panelStep))));
  const late = f.let(op('i32.sub', from, seen));
  f.repeat(op('i32.sub', to, from), () => {
    const row = f.let(op('i32x4.splat', late));
    for (const half of halves) {
      const columns = v128([half * 4, half * 4 + 1, half * 4 + 2, half * 4 + 3]);
      const sees = op('i32x4.ge_s', columns, row);
      f.store('v128.store', at, op('v128.bitselect', load(at, half * 16), minusInfinity(), sees), half * 16);
    }
    f.increase(at, panelStep);
    f.increase(late, 1);
  });
  return f;
}

/** Something for each query and key, in bytes from query to query and from key to key. */
export interface PairSteps {
  readonly query: number;
  readonly key: number;
}

/** Takes (s, from, rows, count): where the panel's own begin, and how many queries it has. */
export type PairFunction = FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32']>;

/** Adds `hideUnseen(s, from, rows, count)` for a mask of bool. */
export function addHideUnseen(module: ModuleBuilder, steps: PairSteps, panelStep: number): PairFunction {
  const byte = (at: Expression): Expression => memoryOp('i32.load8_u', 0, [at]);
  return addForPairs(module, 'hideUnseen', steps, panelStep, {
    one: (at) => op('i32x4.splat', byte(at)),
    four: (f, lanes) => {
      const seen = f.let(op('i32x4.splat', byte(lanes[0] as Expression)));
      for (let lane = 1; lane < 4; lane++)
        f.set(seen, laneOp('i32x4.replace_lane', lane, seen, byte(lanes[lane] as Expression)));
      return seen;
    },
    change: (score, seen) => op('v128.bitselect', minusInfinity(), score, op('i32x4.eq', seen, v128([0, 0, 0, 0]))),
  });
}

/** Adds `addBias(s, from, rows, count)` for biases of f32. */
export function addBias(module: ModuleBuilder, steps: PairSteps, panelStep: number): PairFunction {
  return addForPairs(module, 'addBias', steps, panelStep, {
    one: (at) => memoryOp('v128.load32_splat', 0, [at]),
    four: (f, lanes) => {
      const values = f.let(op('f32x4.splat', f32(0)));
      for (const [lane, at] of lanes.entries()) f.set(values, memoryOp('v128.load32_lane', 0, [at, values], lane));
      return values;
    },
    change: (score, value) => op('f32x4.add', score, value),
  });
}

interface PairRule {
  /** What is the same for all queries, in all lanes. */
  readonly one: (at: Expression) => Expression;
  readonly four: (f: FunctionBuilder, lanes: readonly Expression[]) => Expression;
  readonly change: (score: Expression, value: Expression) => Expression;
}

function addForPairs(
  module: ModuleBuilder,
  name: string,
  steps: PairSteps,
  panelStep: number,
  { one, four, change }: PairRule,
): PairFunction {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32']);
  const [s, from, rows, count] = f.arguments;
  const put = (half: number, value: Expression): void =>
    f.store('v128.store', s, change(load(s, half * 16), value), half * 16);
  const distances = steps.query === 0 ? [] : laneDistances(f, count, steps.query);
  f.repeat(rows, () => {
    if (distances.length === 0) {
      const value = f.let(one(from));
      for (const half of halves) put(half, value);
    } else
      for (const half of halves) {
        const lanes = distances.slice(half * 4, half * 4 + 4).map((distance) => op('i32.add', from, distance));
        put(half, four(f, lanes));
      }
    f.increase(from, steps.key);
    f.increase(s, panelStep);
  });
  return f;
}

/** How far the queries of a panel are from its first; those beyond the last are there again. */
function laneDistances(f: FunctionBuilder, count: Local, step: number): Local[] {
  const last = f.let(op('i32.sub', count, i32(1)));
  return Array.from({ length: panelQueries }, (_, lane) => {
    const query = f.let(i32(lane));
    f.if(op('i32.gt_s', query, last), () => f.set(query, last));
    return f.let(op('i32.mul', query, i32(step)));
  });
}
