/**
 * The gradients of attention, a head at a time: shares are computed again from the scores and the logarithms of their sums.
 * Source: T. Dao, "FlashAttention-2: faster attention with better parallelism and work partitioning" (2023).
 */
import { call, i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { queriesTogether } from '../../../kernel/attention-spec.ts';
import type { AttentionGradientSpec } from '../../../kernel/spec.ts';
import { numbersBytes } from './changes.ts';
import { addParts, blockRow, isAdjacent, type GradientParts, type Line } from './gradient-parts.ts';
import { addressesOf, atLeast, atMost, operandOf, plus, times, type Operand } from './operands.ts';
import { panelQueries, panelRow } from './panels.ts';
import { rooms, type Rooms } from './rooms.ts';

/** Keys that are looked at at a time. */
const keyBlock = 128;
const panels = queriesTogether / panelQueries;
/** Keys whose sums over queries begin together, behind the queries that see none of them. */
const keysTogether = 4;

/** What a unit keeps. */
type GradientRoom = 'turnedQ' | 'turnedG' | 'numbers' | 'shares' | 'changes' | 'marks' | Line;

/** Blocks of queries that a part has at most. */
function blocksOf({ queries, parts }: AttentionGradientSpec): number {
  return Math.ceil(Math.ceil(queries / queriesTogether) / parts);
}

/** The workspace of a unit. */
export function gradientRooms(spec: AttentionGradientSpec): Rooms<GradientRoom> {
  const { size, valueSize, queries, keys } = spec;
  const count = blocksOf(spec) * panels;
  const line = (name: Line, rows: number, width: number): number => (isAdjacent(spec, name) ? 0 : rows * width * 4);
  return rooms<GradientRoom>({
    turnedQ: count * size * panelRow,
    turnedG: count * valueSize * panelRow,
    numbers: count * numbersBytes,
    shares: keyBlock * blockRow,
    changes: keyBlock * blockRow,
    marks: keyBlock * blockRow,
    q: line('q', queries, size),
    k: line('k', keys, size),
    g: line('g', queries, valueSize),
  });
}

/** Parts of all heads. */
export function gradientUnits({ batch, parts }: AttentionGradientSpec): number {
  return batch.reduce((product, size) => product * size, parts);
}

/** The operands that `pull` is told the addresses of, between the units and the workspace. */
export function gradientOperands(spec: AttentionGradientSpec): Readonly<Record<string, Operand>> {
  const { q, k, v, mask, bias, g, logSum, delta, dq, dk, dv } = spec;
  const given = { q, k, v, ...(mask && { mask }), ...(bias && { bias }), g, logSum, delta, dq, dk, dv };
  return Object.fromEntries(Object.entries(given).map(([name, access]) => [name, operandOf(spec, access)]));
}

/** Adds `pull(begin, end, ...operands, workspace)`, for units from `begin` up to `end`. */
export function addGradient(
  module: ModuleBuilder,
  library: MathLibrary,
  spec: AttentionGradientSpec,
  relaxed: boolean,
): void {
  const { batch, parts: count } = spec;
  const operands = gradientOperands(spec);
  const parts = addParts(module, library, spec, operands, relaxed);
  const names = Object.keys(operands);
  const parameters = ['i32', 'i32', ...names.map(() => 'i32' as const), 'i32'] as const;
  const f = module.function('pull', parameters, 'none', true);
  const [begin, end, ...given] = f.arguments as readonly [Local, Local, ...Local[]];
  const bound = Object.fromEntries(names.map((name, at) => [name, given[at] as Local]));
  const work = given.at(-1) as Local;
  const unit = f.let(begin);
  f.repeat(op('i32.sub', end, begin), () => {
    const part = f.let(op('i32.rem_u', unit, i32(count)));
    const at = addressesOf(f, operands, bound, batch, op('i32.div_u', unit, i32(count)));
    for (const name of ['dk', 'dv'])
      f.increase(at[name] as Local, times(part, operands[name]?.steps[batch.length] as number));
    addUnit(f, spec, parts, operands, { part, at, work });
    f.increase(unit, 1);
  });
}

/** A part of the queries of a head, and where all is. */
interface Unit {
  readonly part: Local;
  readonly at: Readonly<Record<string, Local>>;
  readonly work: Local;
}

function addUnit(
  f: FunctionBuilder,
  spec: AttentionGradientSpec,
  parts: GradientParts,
  operands: Readonly<Record<string, Operand>>,
  { part, at, work }: Unit,
): void {
  const { size, valueSize, queries, keys, causal } = spec;
  const room = gradientRooms(spec);
  const place = (name: GradientRoom): Expression => plus(work, room.at[name]);
  const row = (name: string, index: Expression): Expression =>
    plus(
      at[name] as Local,
      times(index, operands[name]?.steps.at(name === 'logSum' || name === 'delta' ? -1 : -2) as number),
    );
  const [turnedQ, turnedG, numbers] = [f.local('i32'), f.local('i32'), f.local('i32')];
  const [first, count, query, left] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
  /** Walks the blocks of queries of the part. */
  const eachBlock = (body: () => void): void => {
    f.set(turnedQ, place('turnedQ'));
    f.set(turnedG, place('turnedG'));
    f.set(numbers, place('numbers'));
    f.set(first, times(part, queriesTogether));
    const step = spec.parts * queriesTogether;
    f.repeat(op('i32.div_s', op('i32.sub', i32(queries - 1 + step), first), i32(step)), () => {
      f.set(count, atMost(f, op('i32.sub', i32(queries), first), i32(queriesTogether)));
      body();
      f.increase(first, step);
    });
  };
  /** Walks the panels of a block, and what is kept for each. */
  const eachPanel = (body: (ofPanel: Local) => void): void => {
    f.set(query, first);
    f.set(left, count);
    f.repeat(op('i32.div_u', plus(count, panelQueries - 1), i32(panelQueries)), () => {
      body(atMost(f, left, i32(panelQueries)));
      f.increase(turnedQ, size * panelRow);
      f.increase(turnedG, valueSize * panelRow);
      f.increase(numbers, numbersBytes);
      f.increase(query, panelQueries);
      f.increase(left, -panelQueries);
    });
  };
  const line = (name: Line, rows: number): Local => {
    const own = parts.lines[name];
    if (!own) return at[name] as Local;
    f.do(call(own, at[name] as Local, place(name), i32(rows)));
    return f.let(place(name));
  };
  const read = { q: line('q', queries), k: line('k', keys), g: line('g', queries) };
  const readRow = (name: Line, index: Expression): Local => f.let(plus(read[name], times(index, parts.step[name])));
  eachBlock(() => {
    eachPanel((ofPanel) => {
      f.do(call(parts.turnQ, row('q', query), turnedQ, ofPanel));
      f.do(call(parts.turnG, row('g', query), turnedG, ofPanel));
      f.do(call(parts.numbers, row('logSum', query), row('delta', query), numbers, ofPanel));
    });
    f.do(call(parts.zero, row('dq', first), times(count, size * 4)));
  });
  const isTame = f.let(call(parts.areTame.numbers, place('numbers'), numbers));
  for (const [name, rows] of [
    ['q', queries],
    ['k', keys],
    ['v', keys],
    ['g', queries],
  ] as const)
    // prettier-ignore
    f.set(isTame, op('i32.and', isTame, call(parts.areTame[name], at[name] as Local, i32(rows))));
  const { products, careful } = parts;
  const key = f.let(i32(0));
  const [shares, changes, marks] = [f.let(place('shares')), f.let(place('changes')), f.let(place('marks'))];
  f.repeat(i32(Math.ceil(keys / keyBlock)), () => {
    const width = atMost(f, op('i32.sub', i32(keys), key), i32(keyBlock));
    const [dk, dv] = [f.let(row('dk', key)), f.let(row('dv', key))];
    f.do(call(parts.zero, dk, times(width, size * 4)));
    f.do(call(parts.zero, dv, times(width, valueSize * 4)));
    const k = f.let(row('k', key));
    const v = f.let(row('v', key));
    const kRead = readRow('k', key);
    eachBlock(() => {
      /** The last key of the block that its first query sees. */
      const ahead = causal ? f.let(plus(first, op('i32.sub', i32(keys - queries), key))) : undefined;
      const seenRows = ahead ? atMost(f, plus(ahead, count), width) : width;
      const side = f.let(i32(0));
      f.if(op('i32.eqz', isTame), () => f.do(call(careful.hideAll, marks, times(width, blockRow))));
      eachPanel((ofPanel) => {
        const seen = ahead && f.let(plus(ahead, op('i32.sub', query, first)));
        // As many as keys whose sums begin with this panel.
        const rows = seen ? atMost(f, plus(seen, panelQueries + keysTogether - 1), width) : width;
        f.if(op('i32.gt_s', rows, i32(0)), () => {
          const [score, towards] = [f.let(plus(shares, side)), f.let(plus(changes, side))];
          const { mask, bias } = at;
          const pairs = { k, turned: turnedQ, scores: score, rows, count: ofPanel, query, key, seen, mask, bias };
          parts.scores(f, pairs);
          parts.towards(f, v, turnedG, towards, rows, i32(valueSize));
          f.do(call(parts.change, score, towards, rows, numbers));
          const dq = f.let(row('dq', query));
          f.if(
            isTame,
            () => products.toQ(f, towards, kRead, dq, ofPanel, rows),
            () => {
              const mark = f.let(plus(marks, side));
              careful.marks(f, { ...pairs, scores: mark });
              f.do(call(careful.hideSilent, mark, rows, row('logSum', query), ofPanel));
              careful.products.toQ(f, towards, mark, kRead, dq, ofPanel, rows);
            },
          );
        });
        f.increase(side, panelRow);
      });
      f.if(op('i32.gt_s', seenRows, i32(0)), () => {
        const [q, g] = [readRow('q', first), readRow('g', first)];
        const whole = (): void => {
          products.toV(f, shares, g, dv, seenRows, count);
          products.toK(f, changes, q, dk, seenRows, count);
        };
        const stairs = { seenRows, count, shares, changes, q, g, dk, dv };
        f.if(
          isTame,
          () => {
            if (!ahead) whole();
            else
              f.if(op('i32.ge_s', ahead, op('i32.sub', seenRows, i32(1))), whole, () =>
                addStairs(f, parts, operands, { ahead, ...stairs }),
              );
          },
          () => {
            careful.products.toV(f, shares, marks, g, dv, seenRows, count);
            careful.products.toK(f, changes, marks, q, dk, seenRows, count);
          },
        );
      });
    });
    f.increase(key, keyBlock);
  });
}

/** Where not all queries of a block see all keys of one. */
type Stairs = Readonly<Record<'ahead' | 'seenRows' | 'count' | 'shares' | 'changes' | 'q' | 'g' | 'dk' | 'dv', Local>>;

/** Sums over queries that begin behind those that do not see a key, by whole panels. */
function addStairs(
  f: FunctionBuilder,
  parts: GradientParts,
  operands: Readonly<Record<string, Operand>>,
  { ahead, seenRows, count, shares, changes, q, g, dk, dv }: Stairs,
): void {
  const key = f.let(i32(0));
  const from = (base: Local, offset: Expression): Local => f.let(plus(base, offset));
  f.repeat(op('i32.div_u', plus(seenRows, keysTogether - 1), i32(keysTogether)), () => {
    const start = atLeast(f, op('i32.sub', key, ahead), 0);
    f.set(start, op('i32.and', start, i32(-panelQueries)));
    const rows = atMost(f, op('i32.sub', seenRows, key), i32(keysTogether));
    const depth = f.let(op('i32.sub', count, start));
    const corner = f.let(plus(times(key, blockRow), times(start, 4)));
    const result = (name: string): Expression => times(key, operands[name]?.steps.at(-2) as number);
    parts.products.toV(
      f,
      from(shares, corner),
      from(g, times(start, parts.step.g)),
      from(dv, result('dv')),
      rows,
      depth,
    );
    parts.products.toK(
      f,
      from(changes, corner),
      from(q, times(start, parts.step.q)),
      from(dk, result('dk')),
      rows,
      depth,
    );
    f.increase(key, keysTogether);
  });
}
