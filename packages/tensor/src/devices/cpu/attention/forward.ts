/**
 * Attention, a block of queries at a time: what they have seen so far is kept, and the keys pass by in blocks.
 * Source: T. Dao, "FlashAttention-2: faster attention with better parallelism and work partitioning" (2023).
 */
import { call, f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import type { AttentionSpec, Limit } from '../../../kernel/spec.ts';
import { addressesOf, atLeast, atMost, operandOf, plus, rowsOf, times, type Operand } from './operands.ts';
import { addBegin, addFinish, addGather, addWeigh, panelQueries, panelRow, stateOf } from './panels.ts';
import { rooms, type Rooms } from './rooms.ts';
import { addScores, type WriteScores } from './scores.ts';
import { addMarks, addSeenProduct, type SeenProduct } from './seen.ts';
import { addProduct, type Product } from './strip.ts';
import { addTameRows, type AreTame } from './tame.ts';
import { addLine, addTurn } from './turn.ts';

/** Queries of a unit. */
const queryBlock = 64;
/** Keys that are looked at at a time: their panel of scores stays in the first-level cache, and what they weigh adds up in f32. */
const keyBlock = 256;
const panels = queryBlock / panelQueries;

/** What a unit keeps. */
export type ForwardRoom = 'turned' | 'scores' | 'marks' | 'partial' | 'wide' | 'states' | 'values';

/** The workspace of a unit. */
export function forwardRooms(spec: AttentionSpec): Rooms<ForwardRoom> {
  const { size, valueSize } = spec;
  return rooms<ForwardRoom>({
    turned: panels * size * panelRow,
    scores: keyBlock * panelRow,
    marks: hides(spec) ? keyBlock * panelRow : 0,
    partial: panelRow * valueSize,
    wide: queryBlock * valueSize * 8,
    states: panels * stateOf.bytes,
    values: hasAdjacentValues(spec) ? 0 : keyBlock * valueSize * 4,
  });
}

/** Blocks of queries, of all heads. */
export function forwardUnits({ batch, queries }: AttentionSpec): number {
  return batch.reduce((product, size) => product * size, Math.ceil(queries / queryBlock));
}

/** The operands that `attend` is told the addresses of, between the units and the workspace. */
export function forwardOperands(spec: AttentionSpec): Readonly<Record<string, Operand>> {
  const { q, k, v, mask, bias, out, logSum } = spec;
  const given = { q, k, v, ...(mask && { mask }), ...(bias && { bias }), out, logSum };
  return Object.fromEntries(Object.entries(given).map(([name, access]) => [name, operandOf(spec, access)]));
}

function hasAdjacentValues(spec: AttentionSpec): boolean {
  return spec.v.strides.at(-1) === 1;
}

/** Whether there may be keys that a query does not see. */
function hides({ causal, mask }: AttentionSpec): boolean {
  return causal || mask !== undefined;
}

/** The functions that a unit calls where values are not finite which some do not see. */
interface Careful {
  readonly areTame: AreTame;
  readonly marks: WriteScores;
  readonly mix: SeenProduct;
}

/** The functions that a unit calls. */
interface Parts {
  readonly turn: FunctionBuilder<readonly ['i32', 'i32', 'i32']>;
  readonly begin: FunctionBuilder<readonly ['i32']>;
  readonly scores: WriteScores;
  readonly weigh: FunctionBuilder<readonly ['i32', 'i32', 'i32']>;
  /** Copies values whose numbers are not adjacent. */
  readonly line: FunctionBuilder<readonly ['i32', 'i32', 'i32']> | undefined;
  readonly mix: Product;
  /** Absent where all is seen. */
  readonly careful: Careful | undefined;
  readonly gather: FunctionBuilder<readonly ['i32', 'i32', 'i32']>;
  readonly finish: FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32', 'i32']>;
}

function addParts(
  module: ModuleBuilder,
  library: MathLibrary,
  spec: AttentionSpec,
  operands: Readonly<Record<string, Operand>>,
  relaxed: boolean,
): Parts {
  const { size, valueSize, scale } = spec;
  const { q, v, out, logSum } = operands as Readonly<Record<'q' | 'v' | 'out' | 'logSum', Operand>>;
  const values = rowsOf(v, valueSize);
  const isAdjacent = hasAdjacentValues(spec);
  const scores = addScores(module, spec, panelRow, relaxed);
  const mixed = {
    aRow: 4,
    aDepth: panelRow,
    bDepth: isAdjacent ? values.row : valueSize * 4,
    cRow: valueSize * 4,
    adds: false,
    relaxed,
  };
  return {
    turn: addTurn(module, 'turn', rowsOf(q, size), scale),
    begin: addBegin(module),
    scores: scores.write,
    weigh: addWeigh(module, library),
    line: isAdjacent ? undefined : addLine(module, 'line', values),
    mix: addProduct(module, 'mix', valueSize, mixed),
    careful: hides(spec)
      ? {
          areTame: addTameRows(module, 'tameValues', values, 'infinity'),
          marks: addMarks(module, scores, panelRow),
          mix: addSeenProduct(module, 'mixSeen', valueSize, mixed),
        }
      : undefined,
    gather: addGather(module, valueSize),
    finish: addFinish(module, library, {
      columns: valueSize,
      outRow: out.steps.at(-2) as number,
      logSumRow: logSum.steps.at(-1) as number,
    }),
  };
}

/**
 * Adds `attend(begin, end, ...operands, length, workspace)`, for units from `begin` up to `end`; `length` is the address of how
 * many keys there are, and absent where that is known.
 */
export function addForward(module: ModuleBuilder, library: MathLibrary, spec: AttentionSpec, relaxed: boolean): void {
  const { batch, queries, keys, causal, limits = [] } = spec;
  const operands = forwardOperands(spec);
  const parts = addParts(module, library, spec, operands, relaxed);
  const names = Object.keys(operands);
  const others = limits.length + 1;
  const f = module.function(
    'attend',
    ['i32', 'i32', ...[...names, ...Array(others)].map(() => 'i32' as const)],
    'none',
    true,
  );
  const [begin, end, ...given] = f.arguments;
  const bound = Object.fromEntries(names.map((name, at) => [name, given[at] as Local]));
  const work = given.at(-1) as Local;
  const keysNow = limits[0] ? lengthNow(f, given[names.length] as Local, limits[0], keys) : f.let(i32(keys));
  const blocks = Math.ceil(queries / queryBlock);
  const unit = f.let(begin);
  /** The head whose values were looked at last, and whether they are tame. */
  const [known, isTame] = [f.let(i32(-1)), f.local('i32')];
  f.repeat(op('i32.sub', end, begin), () => {
    const block = f.let(op('i32.rem_u', unit, i32(blocks)));
    if (causal) f.set(block, mixedOrder(f, block, blocks));
    const first = f.let(times(block, queryBlock));
    const count = atMost(f, op('i32.sub', i32(queries), first), i32(queryBlock));
    const head = f.let(op('i32.div_u', unit, i32(blocks)));
    const at = addressesOf(f, operands, bound, batch, head);
    const { careful } = parts;
    if (careful)
      f.if(op('i32.ne', head, known), () => {
        f.set(known, head);
        f.set(isTame, call(careful.areTame, at['v'] as Local, keysNow));
      });
    addUnit(f, spec, parts, operands, { first, count, keys: keysNow, isTame, at, work });
    f.increase(unit, 1);
  });
}

/** How many keys there are: an i32 in memory. */
function lengthNow(f: FunctionBuilder, address: Local, { offset }: Limit, most: number): Local {
  const length = atMost(f, memoryOp('i32.load', 0, [plus(address, offset * 4)]), i32(most));
  return atLeast(f, length, 0);
}

/** Blocks of a head in the order first, last, second, last but one and so on: later ones see more, and parts of the order as much. */
function mixedOrder(f: FunctionBuilder, place: Local, blocks: number): Local {
  const block = f.let(op('i32.shr_u', place, i32(1)));
  f.if(op('i32.and', place, i32(1)), () => f.set(block, op('i32.sub', i32(blocks - 1), block)));
  return block;
}

/** A block of queries: the first of them, how many, of how many keys, and where all is. */
interface Unit {
  readonly first: Local;
  readonly count: Local;
  readonly keys: Local;
  /** Whether a share of 0 of any value is 0. */
  readonly isTame: Local;
  readonly at: Readonly<Record<string, Local>>;
  readonly work: Local;
}

function addUnit(
  f: FunctionBuilder,
  spec: AttentionSpec,
  parts: Parts,
  operands: Readonly<Record<string, Operand>>,
  { first, count, keys, isTame, at, work }: Unit,
): void {
  const { size, valueSize, queries, causal } = spec;
  const room = forwardRooms(spec);
  const place = (name: ForwardRoom): Expression => plus(work, room.at[name]);
  const step = (name: string, dim: number): number => operands[name]?.steps.at(dim) as number;
  const turned = f.local('i32');
  const state = f.local('i32');
  const wide = f.local('i32');
  const query = f.local('i32');
  const left = f.local('i32');
  /** Walks the panels of the block: `left` are the queries from the panel on. */
  const eachPanel = (body: (ofPanel: Local) => void): void => {
    f.set(turned, place('turned'));
    f.set(state, place('states'));
    f.set(wide, place('wide'));
    f.set(query, first);
    f.set(left, count);
    f.repeat(op('i32.div_u', plus(count, panelQueries - 1), i32(panelQueries)), () => {
      body(atMost(f, left, i32(panelQueries)));
      f.increase(turned, size * panelRow);
      f.increase(state, stateOf.bytes);
      f.increase(wide, panelQueries * valueSize * 8);
      f.increase(query, panelQueries);
      f.increase(left, -panelQueries);
    });
  };
  const row = (name: string, dim: number): Expression => plus(at[name] as Local, times(query, step(name, dim)));
  eachPanel((ofPanel) => {
    f.do(call(parts.turn, row('q', -2), turned, ofPanel));
    f.do(call(parts.begin, state));
    addZeros(f, wide, panelQueries * valueSize * 8);
  });
  /** The last key that query 0 sees. */
  const ahead = f.let(op('i32.sub', keys, i32(queries)));
  const end = causal ? atMost(f, plus(ahead, plus(first, count)), keys) : keys;
  const key = f.let(i32(0));
  const scores = f.let(place('scores'));
  const partial = f.let(place('partial'));
  f.repeat(op('i32.div_s', plus(end, keyBlock - 1), i32(keyBlock)), () => {
    const width = atMost(f, op('i32.sub', end, key), i32(keyBlock));
    const k = f.let(plus(at['k'] as Local, times(key, step('k', -2))));
    const v = f.let(plus(at['v'] as Local, times(key, step('v', -2))));
    if (parts.line) {
      f.do(call(parts.line, v, place('values'), width));
      f.set(v, place('values'));
    }
    eachPanel((ofPanel) => {
      const seen = causal ? f.let(plus(ahead, op('i32.sub', query, key))) : undefined;
      const rows = seen ? atMost(f, plus(seen, panelQueries), width) : width;
      f.if(op('i32.gt_s', rows, i32(0)), () => {
        const { mask, bias } = at;
        const pairs = { k, turned, scores, rows, count: ofPanel, query, key, seen, mask, bias };
        parts.scores(f, pairs);
        f.do(call(parts.weigh, scores, rows, state));
        const mix = (): void => parts.mix(f, scores, v, partial, i32(panelQueries), rows);
        const { careful } = parts;
        if (!careful) mix();
        else
          f.if(isTame, mix, () => {
            const marks = f.let(place('marks'));
            careful.marks(f, { ...pairs, scores: marks });
            careful.mix(f, scores, marks, v, partial, i32(panelQueries), rows);
          });
        f.do(call(parts.gather, wide, partial, state));
      });
    });
    f.increase(key, keyBlock);
  });
  eachPanel((ofPanel) => f.do(call(parts.finish, wide, state, row('out', -2), row('logSum', -1), ofPanel)));
}

function addZeros(f: FunctionBuilder, from: Local, bytes: number): void {
  const at = f.let(from);
  f.repeat(i32(bytes / 16), () => {
    f.store('v128.store', at, op('f32x4.splat', f32(0)));
    f.increase(at, 16);
  });
}
