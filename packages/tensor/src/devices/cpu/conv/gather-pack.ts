/**
 * Packing of panels whose elements are found through two tables of byte offsets: element (lane, depth) lies at
 * base + laneTable[lane] + depthTable[depth]. Patches of an image have this form for every stride, dilation and kernel size,
 * so that a convolution needs no matrix of patches in memory.
 */
import { i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { transpose4 } from '../gemm/pack.ts';

const word = (address: Expression, offset = 0): Expression => memoryOp('i32.load', offset, [address]);
const add = (a: Expression, b: Expression): Expression => op('i32.add', a, b);

/**
 * Adds `name(base, target, laneTable, count, depthTable, depth)`. The lane table must be filled up to whole panels with
 * offsets that may be read; what is packed for those lanes does not matter, as their products are never stored.
 */
export function addGatherPack(module: ModuleBuilder, name: string, lanes: number): void {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [base, target, laneTable, count, depthTable, depth] = f.arguments;
  const starts = Array.from({ length: lanes }, () => f.local('i32'));
  const entry = f.local('i32');
  f.repeat(op('i32.div_u', add(count, i32(lanes - 1)), i32(lanes)), () => {
    for (const [lane, start] of starts.entries()) f.set(start, add(base, word(laneTable, lane * 4)));
    f.set(entry, depthTable);
    let adjacent: Expression = i32(1);
    for (let lane = 1; lane < lanes; lane++) {
      if (lane % 4 !== 0)
        adjacent = op(
          'i32.and',
          adjacent,
          op('i32.eq', op('i32.sub', starts[lane] as Local, starts[lane - 1] as Local), i32(4)),
        );
    }
    f.if(
      adjacent,
      () => packVectors(f, starts, { entry, target, depth }),
      () => packScattered(f, starts, { entry, target, depth }),
    );
    f.increase(laneTable, lanes * 4);
  });
}

type Walk = Readonly<Record<'entry' | 'target' | 'depth', Local>>;

/** Lanes are adjacent in fours: each depth is a few vector copies. */
function packVectors(f: FunctionBuilder, starts: readonly Local[], { entry, target, depth }: Walk): void {
  f.repeat(depth, () => {
    const offset = f.let(word(entry));
    for (let lane = 0; lane < starts.length; lane += 4) {
      f.store('v128.store', target, memoryOp('v128.load', 0, [add(starts[lane] as Local, offset)]), lane * 4);
    }
    f.increase(entry, 4);
    f.increase(target, starts.length * 4);
  });
}

/** Lanes lie apart: where four depths are adjacent they are loaded as vectors and transposed, else element by element. */
function packScattered(f: FunctionBuilder, starts: readonly Local[], { entry, target, depth }: Walk): void {
  const rest = f.let(depth);
  const lanes = starts.length;
  const one = (): void => {
    const offset = f.let(word(entry));
    for (const [lane, start] of starts.entries())
      f.store('f32.store', target, memoryOp('f32.load', 0, [add(start, offset)]), lane * 4);
    f.increase(entry, 4);
    f.increase(target, lanes * 4);
    f.increase(rest, -1);
  };
  f.block((end) => {
    f.loop((again) => {
      f.branchIf(end, op('i32.eqz', rest));
      const fours = f.local('i32');
      f.set(fours, i32(0));
      // All three: the depths of a flipped filter run backwards, and jump.
      const follows = (place: number): Expression =>
        op('i32.eq', op('i32.sub', word(entry, place * 4), word(entry)), i32(place * 4));
      f.if(op('i32.ge_s', rest, i32(4)), () =>
        f.set(fours, op('i32.and', follows(1), op('i32.and', follows(2), follows(3)))),
      );
      f.if(
        fours,
        () => {
          const offset = f.let(word(entry));
          for (let lane = 0; lane < lanes; lane += 4) {
            const rows = starts
              .slice(lane, lane + 4)
              .map((start) => f.let(memoryOp('v128.load', 0, [add(start, offset)])));
            for (const [k, column] of transpose4(f, rows).entries())
              f.store('v128.store', target, column, (k * lanes + lane) * 4);
          }
          f.increase(entry, 16);
          f.increase(target, lanes * 16);
          f.increase(rest, -4);
        },
        one,
      );
      f.branchIf(again, i32(1));
    });
  });
}
