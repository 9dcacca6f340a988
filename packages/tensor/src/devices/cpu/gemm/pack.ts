/**
 * Packing: copies a block of a matrix into panels, each `lanes` wide and stored depth by depth, so that the product's
 * inner loop reads both operands in sequence. Lanes beyond the matrix are filled with zeros, which keeps edges out of that loop.
 */
import { f32, i32, memoryOp, op, shuffle32, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

const add = (a: Expression, b: Expression | number): Expression => op('i32.add', a, typeof b === 'number' ? i32(b) : b);
const multiply = (a: Expression, b: number): Expression => op('i32.mul', a, i32(b));
const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);

/**
 * Adds `name(source, target, count, depth, laneStep, depthStep)`: packs `count` lanes of `depth` elements; steps in bytes.
 * Three ways of reading: neighbouring lanes as vectors, neighbouring depths as vectors to transpose, or one by one.
 */
export function addPack(module: ModuleBuilder, name: string, lanes: number): void {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [source, target, count, depth, laneStep, depthStep] = f.arguments;
  const from = f.local('i32');
  f.repeat(op('i32.div_u', add(count, lanes - 1), i32(lanes)), () => {
    f.set(from, source);
    f.if(
      op('i32.lt_s', count, i32(lanes)),
      () => packPartial(f, lanes, { from, target, count, depth, laneStep, depthStep }),
      () => {
        f.if(
          op('i32.eq', laneStep, i32(4)),
          () => packRows(f, lanes, { from, target, depth, depthStep }),
          () => {
            const rest = f.let(depth);
            f.if(op('i32.eq', depthStep, i32(4)), () => {
              packTransposed(f, lanes, { from, target, depth, laneStep });
              f.set(rest, op('i32.and', depth, i32(3)));
            });
            packOneByOne(f, lanes, { from, target, depth: rest, laneStep, depthStep });
          },
        );
      },
    );
    f.increase(source, multiply(laneStep, lanes));
    f.increase(count, -lanes);
  });
}

function packRows(
  f: FunctionBuilder,
  lanes: number,
  { from, target, depth, depthStep }: Readonly<Record<'from' | 'target' | 'depth' | 'depthStep', Local>>,
): void {
  f.repeat(depth, () => {
    for (let lane = 0; lane < lanes; lane += 4) f.store('v128.store', target, load(from, lane * 4), lane * 4);
    f.increase(from, depthStep);
    f.increase(target, lanes * 4);
  });
}

/** Four depths of four lanes at a time, transposed in registers; leaves `from` and `target` at the rest. */
function packTransposed(
  f: FunctionBuilder,
  lanes: number,
  { from, target, depth, laneStep }: Readonly<Record<'from' | 'target' | 'depth' | 'laneStep', Local>>,
): void {
  const pointer = f.local('i32');
  f.repeat(op('i32.shr_u', depth, i32(2)), () => {
    f.set(pointer, from);
    for (let lane = 0; lane < lanes; lane += 4) {
      const rows = Array.from({ length: 4 }, () => {
        const row = f.let(load(pointer));
        f.increase(pointer, laneStep);
        return row;
      });
      for (const [k, column] of transpose4(f, rows).entries())
        f.store('v128.store', target, column, (k * lanes + lane) * 4);
    }
    f.increase(from, 16);
    f.increase(target, lanes * 16);
  });
}

/** The columns of a 4 by 4 block given by rows. */
export function transpose4(f: FunctionBuilder, rows: readonly Local[]): Expression[] {
  const [a, b, c, d] = rows as readonly [Local, Local, Local, Local];
  const low = [f.let(shuffle32(a, b, [0, 4, 1, 5])), f.let(shuffle32(c, d, [0, 4, 1, 5]))] as const;
  const high = [f.let(shuffle32(a, b, [2, 6, 3, 7])), f.let(shuffle32(c, d, [2, 6, 3, 7]))] as const;
  return [low, high].flatMap(([ab, cd]) => [shuffle32(ab, cd, [0, 1, 4, 5]), shuffle32(ab, cd, [2, 3, 6, 7])]);
}

interface Strided {
  readonly from: Local;
  readonly target: Local;
  readonly depth: Local;
  readonly laneStep: Local;
  readonly depthStep: Local;
}

function packOneByOne(f: FunctionBuilder, lanes: number, { from, target, depth, laneStep, depthStep }: Strided): void {
  const pointer = f.local('i32');
  f.repeat(depth, () => {
    f.set(pointer, from);
    for (let lane = 0; lane < lanes; lane++) {
      f.store('f32.store', target, memoryOp('f32.load', 0, [pointer]), lane * 4);
      f.increase(pointer, laneStep);
    }
    f.increase(from, depthStep);
    f.increase(target, lanes * 4);
  });
}

function packPartial(
  f: FunctionBuilder,
  lanes: number,
  { from, target, count, depth, laneStep, depthStep }: Strided & { readonly count: Local },
): void {
  const pointer = f.local('i32');
  const slot = f.local('i32');
  f.repeat(depth, () => {
    f.set(pointer, from);
    f.set(slot, target);
    for (let lane = 0; lane < lanes; lane += 4) f.store('v128.store', target, op('f32x4.splat', f32(0)), lane * 4);
    f.repeat(count, () => {
      f.store('f32.store', slot, memoryOp('f32.load', 0, [pointer]));
      f.increase(pointer, laneStep);
      f.increase(slot, 4);
    });
    f.increase(from, depthStep);
    f.increase(target, lanes * 4);
  });
}
