/** The product of packed panels: the only place where the time of a large matrix product goes. */
import { f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { MemoryOp, PlainOp } from '../assembler/opcodes.ts';
import type { Tile } from './tile.ts';

const load = (address: Expression, offset: number): Expression => memoryOp('v128.load', offset, [address]);

/** What `multiply` takes the 4 bytes of an element for. */
export interface Products {
  /** sum + a·b, lane by lane. */
  readonly addProduct: (sum: Expression, a: Expression, b: Expression) => Expression;
  readonly add: PlainOp;
  /** The same for one element of the result, and how that is read and written. */
  readonly addOne: PlainOp;
  readonly loadOne: MemoryOp;
  readonly storeOne: MemoryOp;
  /** Code that adds the products of a tile up to an end, where one element after another is not what they are. */
  readonly addTile?: (f: FunctionBuilder, walk: TileWalk) => void;
}

/** Where the panels of a tile are, which it moves on, and its sums, row by row. */
export interface TileWalk {
  readonly a: Local;
  readonly b: Local;
  /** Of the panel of the second operand. */
  readonly end: Local;
  readonly sums: readonly Local[];
}

/** Elements are f32. */
export function floatProducts({ relaxed }: Tile): Products {
  return {
    addProduct: (sum, a, b) =>
      relaxed ? op('f32x4.relaxed_madd', a, b, sum) : op('f32x4.add', sum, op('f32x4.mul', a, b)),
    add: 'f32x4.add',
    addOne: 'f32.add',
    loadOne: 'f32.load',
    storeOne: 'f32.store',
  };
}

/** Elements are pairs of i16 along the depth, whose products add up in i32. */
export const pairProducts: Products = {
  addProduct: (sum, a, b) => op('i32x4.add', sum, op('i32x4.dot_i16x8_s', a, b)),
  add: 'i32x4.add',
  addOne: 'i32.add',
  loadOne: 'i32.load',
  storeOne: 'i32.store',
};

/**
 * Adds `name(a, b, c, m, n, depth, rowStep, accumulate, edge)`: c (+)= a·b for packed `a` (panels of tile.rows) and `b` (panels of
 * tile.columns). Rows of `c` are `rowStep` bytes apart, its columns adjacent; `edge` is room for one tile. The depth loop is not
 * unrolled: V8 up to version 12 moves all loads of an unrolled body to its top and spills.
 */
export function addMultiply(module: ModuleBuilder, name: string, tile: Tile, products: Products): void {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [a, b, c, m, n, depth, rowStep, accumulate, edge] = f.arguments;
  const vectors = tile.columns / 4;
  const aPanel = f.local('i32');
  const cTile = f.local('i32');
  const rowsLeft = f.local('i32');
  const end = f.local('i32');
  const bPointer = f.local('i32');
  const row = f.local('i32');
  const step = f.local('i32');
  const adds = f.local('i32');
  const sums = Array.from({ length: tile.rows * vectors }, () => f.local('v128'));
  const columnsLeft = f.let(n);

  f.repeat(op('i32.div_u', op('i32.add', n, i32(tile.columns - 1)), i32(tile.columns)), () => {
    f.set(aPanel, a);
    f.set(cTile, c);
    f.set(rowsLeft, m);
    f.set(end, op('i32.add', b, op('i32.mul', depth, i32(tile.columns * 4))));
    f.repeat(op('i32.div_u', op('i32.add', m, i32(tile.rows - 1)), i32(tile.rows)), () => {
      const zero = f.let(op('f32x4.splat', f32(0)));
      for (const sum of sums) f.set(sum, zero);
      f.set(bPointer, b);
      const walk = { a: aPanel, b: bPointer, end, sums };
      if (products.addTile) products.addTile(f, walk);
      else
        f.loop((again) => {
          addElement(f, tile, products, walk);
          f.branchIf(again, op('i32.lt_u', bPointer, end));
        });
      // Whole tiles go to `c` at once; those that stick out are left in `edge` and copied in part.
      const whole = f.let(
        op('i32.and', op('i32.ge_s', rowsLeft, i32(tile.rows)), op('i32.ge_s', columnsLeft, i32(tile.columns))),
      );
      f.if(
        whole,
        () => {
          f.set(row, cTile);
          f.set(step, rowStep);
          f.set(adds, accumulate);
        },
        () => {
          f.set(row, edge);
          f.set(step, i32(tile.columns * 4));
          f.set(adds, i32(0));
        },
      );
      storeTile(f, tile, products, { row, step, adds, sums });
      f.if(op('i32.eqz', whole), () =>
        copyEdge(f, tile, products, { edge, cTile, rowsLeft, columnsLeft, rowStep, accumulate }),
      );
      f.increase(rowsLeft, -tile.rows);
      f.increase(cTile, op('i32.mul', rowStep, i32(tile.rows)));
    });
    f.set(b, end);
    f.increase(c, tile.columns * 4);
    f.increase(columnsLeft, -tile.columns);
  });
}

/** Adds the products of one element of each row and column, and moves on. */
export function addElement(
  f: FunctionBuilder,
  tile: Tile,
  { addProduct }: Pick<Products, 'addProduct'>,
  { a, b, sums }: Omit<TileWalk, 'end'>,
): void {
  const vectors = tile.columns / 4;
  const second = Array.from({ length: vectors }, (_, v) => f.let(load(b, v * 16)));
  for (let r = 0; r < tile.rows; r++) {
    const broadcast = f.let(memoryOp('v128.load32_splat', r * 4, [a]));
    for (const [v, vector] of second.entries()) {
      const sum = sums[r * vectors + v] as Local;
      f.set(sum, addProduct(sum, broadcast, vector));
    }
  }
  f.increase(a, tile.rows * 4);
  f.increase(b, tile.columns * 4);
}

function storeTile(
  f: FunctionBuilder,
  tile: Tile,
  { add }: Products,
  {
    row,
    step,
    adds,
    sums,
  }: { readonly row: Local; readonly step: Local; readonly adds: Local; readonly sums: readonly Local[] },
): void {
  const vectors = tile.columns / 4;
  const storeRows = (value: (sum: Local, v: number) => Expression): void => {
    for (let r = 0; r < tile.rows; r++) {
      const values = Array.from({ length: vectors }, (_, v) => f.let(value(sums[r * vectors + v] as Local, v)));
      for (const [v, stored] of values.entries()) f.store('v128.store', row, stored, v * 16);
      f.increase(row, step);
    }
  };
  f.if(
    adds,
    () => storeRows((sum, v) => op(add, load(row, v * 16), sum)),
    () => storeRows((sum) => sum),
  );
}

type EdgeLocals = Readonly<Record<'edge' | 'cTile' | 'rowsLeft' | 'columnsLeft' | 'rowStep' | 'accumulate', Local>>;

function copyEdge(
  f: FunctionBuilder,
  tile: Tile,
  { addOne, loadOne, storeOne }: Products,
  { edge, cTile, rowsLeft, columnsLeft, rowStep, accumulate }: EdgeLocals,
): void {
  const atMost = (value: Local, limit: number): Local => {
    const result = f.let(value);
    f.if(op('i32.gt_s', value, i32(limit)), () => f.set(result, i32(limit)));
    return result;
  };
  const columns = atMost(columnsLeft, tile.columns);
  const from = f.let(edge);
  const to = f.let(cTile);
  const nextFrom = f.local('i32');
  const nextTo = f.local('i32');
  f.repeat(atMost(rowsLeft, tile.rows), () => {
    f.set(nextFrom, op('i32.add', from, i32(tile.columns * 4)));
    f.set(nextTo, op('i32.add', to, rowStep));
    f.repeat(columns, () => {
      const value = f.let(memoryOp(loadOne, 0, [from]));
      f.if(accumulate, () => f.set(value, op(addOne, value, memoryOp(loadOne, 0, [to]))));
      f.store(storeOne, to, value);
      f.increase(from, 4);
      f.increase(to, 4);
    });
    f.set(from, nextFrom);
    f.set(to, nextTo);
  });
}
