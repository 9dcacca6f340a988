/** WebAssembly functions for codes of 8 bits. */
import {
  f64,
  i32,
  memoryOp,
  op,
  select,
  shuffle32,
  v128,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { sumOfPair } from '../gemm/dot-rows.ts';
import { gemmKernels } from '../gemm/gemm.ts';
import { addMultiply, pairProducts } from '../gemm/multiply.ts';
import { transpose4 } from '../gemm/pack.ts';
import { addApart } from './columns-apart.ts';

/** The functions of one engine. */
export interface Int8Kernels {
  /** (codes, scales, rows, columns, rowStep, scaleStep, target): target [rows, columns] = code · scale, f32. */
  readonly decodeInt8: WasmFunction;
  /** (codes, rows, columns, rowStep, target, targetStep): codes as i16; an odd row ends with a 0 more. */
  readonly widenInt8: WasmFunction;
  /** (codes, columns, rowStep, target): as many rows as a panel has lanes, as pairs of i16, packed; an odd row ends with a 0 more. */
  readonly panelPairs: WasmFunction;
  /** (planes, blockScales, codes, scales, y, rows, chunks, rowStep, scaleStep, tail, tailCount): y[r] = Σ x · code · scale. */
  readonly planesInt8: WasmFunction;
  /** The same with x as codes, i16, whose blocks have scales all the same. */
  readonly codesInt8: WasmFunction;
  /** (list, count, codes, scales, y, rows, rowStep, scaleStep): y[r] += Σ value · code · scale for the columns of a list, as many as the i32 at `count`. */
  readonly addColumns: WasmFunction;
  /** The packed product of pairs of i16: arguments as those of `multiply`. */
  readonly multiplyPairs: WasmFunction;
  /** (c, rows, columns, rowStep, xScales, scales, scaleStep): c = i32 c · xScales[row] · scales[column], f32. */
  readonly scaleSums: WasmFunction;
}

/** Compiles the functions once an engine. */
export const int8Kernels: (engine: Engine) => Int8Kernels = onceAnEngine((engine) => {
  const { module } = engine.module();
  addDecode(module);
  addWiden(module);
  addPanelPairs(module, gemmKernels(engine).tile.columns);
  addPlanes(module, 'planesInt8', 2);
  addPlanes(module, 'codesInt8', 1);
  addColumns(module);
  addMultiply(module, 'multiplyPairs', gemmKernels(engine).tile, pairProducts);
  addScaleSums(module);
  return engine.instantiate(module) as unknown as Int8Kernels;
});

/** Columns that share a scale of x; their products add up in i32, which has room for 16 times as many. */
export const planeBlock = 256;
/** Rows side by side: each has a sum for each plane in a register. */
const rowsTogether = 4;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const widened = (address: Expression, offset = 0): Expression => memoryOp('v128.load8x8_s', offset, [address]);
const zero = v128([0, 0, 0, 0]);

function addDecode(module: ModuleBuilder): void {
  const f = module.function('decodeInt8', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [codes, scales, rows, columns, rowStep, scaleStep, target] = f.arguments;
  const from = f.local('i32');
  f.repeat(rows, () => {
    f.set(from, codes);
    const scale = f.let(memoryOp('f32.load', 0, [scales]));
    const spread = f.let(op('f32x4.splat', scale));
    f.repeat(op('i32.shr_u', columns, i32(3)), () => {
      const eight = f.let(widened(from));
      const store = (half: Expression, offset: number): void =>
        f.store('v128.store', target, op('f32x4.mul', op('f32x4.convert_i32x4_s', half), spread), offset);
      store(op('i32x4.extend_low_i16x8_s', eight), 0);
      store(op('i32x4.extend_high_i16x8_s', eight), 16);
      f.increase(from, 8);
      f.increase(target, 32);
    });
    f.repeat(op('i32.and', columns, i32(7)), () => {
      const code = op('f32.convert_i32_s', memoryOp('i32.load8_s', 0, [from]));
      f.store('f32.store', target, op('f32.mul', code, scale));
      f.increase(from, 1);
      f.increase(target, 4);
    });
    f.increase(codes, rowStep);
    f.increase(scales, scaleStep);
  });
}

function addWiden(module: ModuleBuilder): void {
  const f = module.function('widenInt8', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [codes, rows, columns, rowStep, target, targetStep] = f.arguments;
  const [from, to] = [f.local('i32'), f.local('i32')];
  f.repeat(rows, () => {
    f.set(from, codes);
    f.set(to, target);
    f.repeat(op('i32.shr_u', columns, i32(3)), () => {
      f.store('v128.store', to, widened(from));
      f.increase(from, 8);
      f.increase(to, 16);
    });
    f.repeat(op('i32.and', columns, i32(7)), () => {
      f.store('i32.store16', to, memoryOp('i32.load8_s', 0, [from]));
      f.increase(from, 1);
      f.increase(to, 2);
    });
    f.if(op('i32.and', columns, i32(1)), () => f.store('i32.store16', to, i32(0)));
    f.increase(codes, rowStep);
    f.increase(target, targetStep);
  });
}

/** Four pairs of four rows at a time, transposed in registers. */
function addPanelPairs(module: ModuleBuilder, lanes: number): void {
  const f = module.function('panelPairs', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [codes, columns, rowStep, target] = f.arguments;
  const pointer = f.local('i32');
  const eachLane = (body: (lane: number) => void): void => {
    f.set(pointer, codes);
    for (let lane = 0; lane < lanes; lane++) {
      body(lane);
      f.increase(pointer, rowStep);
    }
  };
  f.repeat(op('i32.shr_u', columns, i32(3)), () => {
    f.set(pointer, codes);
    for (let lane = 0; lane < lanes; lane += 4) {
      const rows = Array.from({ length: 4 }, () => {
        const row = f.let(widened(pointer));
        f.increase(pointer, rowStep);
        return row;
      });
      for (const [pair, column] of transpose4(f, rows).entries())
        f.store('v128.store', target, column, (pair * lanes + lane) * 4);
    }
    f.increase(codes, 8);
    f.increase(target, lanes * 16);
  });
  const low = (): Expression => op('i32.and', memoryOp('i32.load8_s', 0, [pointer]), i32(0xffff));
  const high = (): Expression => op('i32.shl', memoryOp('i32.load8_s', 1, [pointer]), i32(16));
  f.repeat(op('i32.shr_u', op('i32.and', columns, i32(7)), i32(1)), () => {
    eachLane((lane) => f.store('i32.store', target, op('i32.or', low(), high()), lane * 4));
    f.increase(codes, 2);
    f.increase(target, lanes * 4);
  });
  f.if(op('i32.and', columns, i32(1)), () => eachLane((lane) => f.store('i32.store', target, low(), lane * 4)));
}

function addPlanes(module: ModuleBuilder, name: string, planes: 1 | 2): void {
  const f = module.function(
    name,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [x, blockScales, codes, scales, y, rows, chunks, rowStep, scaleStep, tail, tailCount] = f.arguments;
  const walk = { x, blockScales, codes, chunks, rowStep, tail, tailCount };
  const pass = (count: number): void => {
    for (const total of planeDots(f, planes, count, walk)) {
      const scale = op('f64.promote_f32', memoryOp('f32.load', 0, [scales]));
      f.store('f32.store', y, op('f32.demote_f64', op('f64.mul', total, scale)));
      f.increase(y, 4);
      f.increase(scales, scaleStep);
    }
    f.increase(codes, op('i32.mul', rowStep, i32(count)));
  };
  f.repeatTogether(rows, rowsTogether, pass);
}

type Walk = Readonly<Record<'x' | 'blockScales' | 'codes' | 'chunks' | 'rowStep' | 'tail' | 'tailCount', Local>>;

/** The products of `count` rows of codes with x, in f64. */
function planeDots(
  f: FunctionBuilder,
  planes: 1 | 2,
  count: number,
  { x, blockScales, codes, chunks, rowStep, tail, tailCount }: Walk,
): Local[] {
  const from = f.let(x);
  const scaleOfBlock = f.let(blockScales);
  const pointers = Array.from({ length: count }, (_, row) =>
    f.let(op('i32.add', codes, op('i32.mul', rowStep, i32(row)))),
  );
  const totals = pointers.map(() => f.let(f64(0)));
  const sums = pointers.map(() => Array.from({ length: planes }, () => f.local('v128')));
  const left = f.let(chunks);
  const now = f.local('i32');
  f.block((end) => {
    f.loop((again) => {
      f.branchIf(end, op('i32.eqz', left));
      f.set(now, left);
      f.if(op('i32.gt_s', now, i32(planeBlock / 8)), () => f.set(now, i32(planeBlock / 8)));
      f.increase(left, op('i32.sub', i32(0), now));
      for (const sum of sums.flat()) f.set(sum, zero);
      f.repeat(now, () => {
        const factors = Array.from({ length: planes }, (_, plane) => f.let(load(from, plane * 16)));
        for (const [row, pointer] of pointers.entries()) {
          const code = f.let(widened(pointer));
          for (const [plane, factor] of factors.entries()) {
            const sum = sums[row]?.[plane] as Local;
            f.set(sum, op('i32x4.add', sum, op('i32x4.dot_i16x8_s', factor, code)));
          }
        }
        f.increase(from, planes * 16);
        for (const pointer of pointers) f.increase(pointer, 8);
      });
      const scale = f.let(memoryOp('f64.load', 0, [scaleOfBlock]));
      f.increase(scaleOfBlock, 8);
      for (const [row, total] of totals.entries()) {
        const [upper, lower] = (sums[row] as Local[]).map((sum) => sumOfWhole(f, sum));
        const whole =
          lower === undefined
            ? (upper as Expression)
            : op('f64.add', op('f64.mul', upper as Expression, f64(65536)), lower);
        f.set(total, op('f64.add', total, op('f64.mul', whole, scale)));
      }
      f.branchIf(again, i32(1));
    });
  });
  f.repeat(tailCount, () => {
    const factor = f.let(memoryOp('f64.load', 0, [tail]));
    f.increase(tail, 8);
    for (const [row, total] of totals.entries()) {
      const pointer = pointers[row] as Local;
      const code = op('f64.convert_i32_s', memoryOp('i32.load8_s', 0, [pointer]));
      f.set(total, op('f64.add', total, op('f64.mul', factor, code)));
      f.increase(pointer, 1);
    }
  });
  f.increase(tail, op('i32.mul', tailCount, i32(-8)));
  return totals;
}

function addColumns(module: ModuleBuilder): void {
  const f = module.function('addColumns', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [list, countAt, codes, scales, y, rows, rowStep, scaleStep] = f.arguments;
  const count = f.let(memoryOp('i32.load', 0, [countAt]));
  f.repeat(select(count, rows, i32(0)), () => {
    addApart(f, list, count, y, (column) => {
      const code = memoryOp('i32.load8_s', 0, [op('i32.add', codes, column)]);
      const scale = op('f64.promote_f32', memoryOp('f32.load', 0, [scales]));
      return op('f64.mul', op('f64.convert_i32_s', code), scale);
    });
    f.increase(codes, rowStep);
    f.increase(scales, scaleStep);
    f.increase(y, 4);
  });
}

/** The sum of four i32, in f64. */
export function sumOfWhole(f: FunctionBuilder, vector: Local): Expression {
  const pair = f.let(
    op(
      'f64x2.add',
      op('f64x2.convert_low_i32x4_s', vector),
      op('f64x2.convert_low_i32x4_s', shuffle32(vector, vector, [2, 3, 2, 3])),
    ),
  );
  return sumOfPair(pair);
}

/** The smaller scale first: by the larger one, a sum could overflow where the product of all three does not. */
function addScaleSums(module: ModuleBuilder): void {
  const f = module.function('scaleSums', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [c, rows, columns, rowStep, xScales, scales, scaleStep] = f.arguments;
  const [at, scale] = [f.local('i32'), f.local('i32')];
  f.repeat(rows, () => {
    f.set(at, c);
    f.set(scale, scales);
    const ofRow = f.let(memoryOp('f32.load', 0, [xScales]));
    const spread = f.let(op('f32x4.splat', ofRow));
    const ones = (count: Expression): void =>
      f.repeat(count, () => {
        const sum = op('f32.convert_i32_s', memoryOp('i32.load', 0, [at]));
        const own = f.let(memoryOp('f32.load', 0, [scale]));
        const first = op('f32.mul', sum, op('f32.min', ofRow, own));
        f.store('f32.store', at, op('f32.mul', first, op('f32.max', ofRow, own)));
        f.increase(at, 4);
        f.increase(scale, scaleStep);
      });
    f.if(
      scaleStep,
      () => {
        f.repeat(op('i32.shr_u', columns, i32(2)), () => {
          const sum = op('f32x4.convert_i32x4_s', load(at));
          const own = f.let(load(scale));
          const first = op('f32x4.mul', sum, op('f32x4.min', spread, own));
          f.store('v128.store', at, op('f32x4.mul', first, op('f32x4.max', spread, own)));
          f.increase(at, 16);
          f.increase(scale, 16);
        });
        ones(op('i32.and', columns, i32(3)));
      },
      () => ones(columns),
    );
    f.increase(c, rowStep);
    f.increase(xScales, 4);
  });
}
