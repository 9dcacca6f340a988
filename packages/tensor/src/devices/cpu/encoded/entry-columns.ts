/**
 * WebAssembly functions that write down the columns of entries where a layout has bits or blocks instead. Up to 65,536 columns
 * those of bits are of 16 bits, and a table says which a byte has.
 */
import { call, i32, memoryOp, op, type Callable, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { keepBytes } from './keep-bytes.ts';

/** The functions of one engine. */
export interface ColumnKernels {
  /** (mask, rows, columns, target): the columns of the set bits of rows, i32, one after another. */
  readonly setBits: WasmFunction;
  /** The same in 16 bits; absent where there is no table. */
  readonly setBitsByTable?: WasmFunction;
  /** (places, rows, kept, n, m, bits, target): the columns of `kept` entries of each row, n in every m. */
  readonly places: WasmFunction;
  /**
   * (blockOffsets, blockColumns, values, row, rows, height, width, columns, targetColumns, targetValues, targetOffsets): the
   * entries of `rows` rows from `row` on, with f32 values, one after another, and where each row begins and the last ends.
   */
  readonly entriesOfBlocks: WasmFunction;
  /** The same with codes of 8 bits. */
  readonly codesOfBlocks: WasmFunction;
  /** (target, count, step, used): where each of some rows of `step` entries begins, and where its first `used` end. */
  readonly ranges: WasmFunction;
}

/** Compiles the functions once an engine. */
export const columnKernels: (engine: Engine) => ColumnKernels = onceAnEngine((engine) => {
  const { module } = engine.module();
  addSetBits(module);
  if (engine.memory.hasTables) addSetBitsByTable(module, keepBytes(engine, bitTable()));
  addPlaces(module);
  addEntriesOfBlocks(module, 'entriesOfBlocks', 4);
  addEntriesOfBlocks(module, 'codesOfBlocks', 1);
  addRanges(module);
  return engine.instantiate(module) as unknown as ColumnKernels;
});

const byteAt = (address: Expression): Expression => memoryOp('i32.load8_u', 0, [address]);

function addSetBits(module: ModuleBuilder): void {
  const f = module.function('setBits', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [mask, rows, columns, target] = f.arguments;
  const bytes = f.let(op('i32.shr_u', op('i32.add', columns, i32(7)), i32(3)));
  const [first, bits] = [f.local('i32'), f.local('i32')];
  f.repeat(rows, () => {
    f.set(first, i32(0));
    f.repeat(bytes, () => {
      f.set(bits, byteAt(mask));
      // Each bit is written where the next column belongs, and stays there if it is set.
      for (let bit = 0; bit < 8; bit++) {
        f.store('i32.store', target, op('i32.add', first, i32(bit)));
        f.increase(target, op('i32.and', op('i32.shl', bits, i32(2)), i32(4)));
        f.set(bits, op('i32.shr_u', bits, i32(1)));
      }
      f.increase(first, 8);
      f.increase(mask, 1);
    });
  });
}

/** For each byte the places of its bits, in 8 bytes. */
function bitTable(): Uint8Array<ArrayBuffer> {
  const table = new Uint8Array(256 * 8);
  for (let byte = 0; byte < 256; byte++)
    [0, 1, 2, 3, 4, 5, 6, 7]
      .filter((bit) => ((byte >> bit) & 1) === 1)
      .forEach((bit, place) => {
        table[byte * 8 + place] = bit;
      });
  return table;
}

function addSetBitsByTable(module: ModuleBuilder, table: number): void {
  const f = module.function('setBitsByTable', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [mask, rows, columns, target] = f.arguments;
  const bytes = f.let(op('i32.shr_u', op('i32.add', columns, i32(7)), i32(3)));
  const eight = f.let(op('i16x8.splat', i32(8)));
  const [bits, first] = [f.local('i32'), f.local('v128')];
  f.repeat(rows, () => {
    f.set(first, op('i16x8.splat', i32(0)));
    f.repeat(bytes, () => {
      f.set(bits, byteAt(mask));
      const places = memoryOp('v128.load8x8_u', table, [op('i32.shl', bits, i32(3))]);
      f.store('v128.store', target, op('i16x8.add', places, first));
      f.increase(target, op('i32.shl', op('i32.popcnt', bits), i32(1)));
      f.set(first, op('i16x8.add', first, eight));
      f.increase(mask, 1);
    });
  });
}

function addPlaces(module: ModuleBuilder): void {
  const f = module.function('places', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [places, rows, kept, n, m, bits, target] = f.arguments;
  const rowBytes = f.let(op('i32.shr_u', op('i32.add', op('i32.mul', kept, bits), i32(7)), i32(3)));
  const lowest = f.let(op('i32.sub', op('i32.shl', i32(1), bits), i32(1)));
  const [bit, column] = [f.local('i32'), f.local('i32')];
  f.repeat(rows, () => {
    f.set(bit, i32(0));
    f.set(column, i32(0));
    f.repeat(op('i32.div_u', kept, n), () => {
      f.repeat(n, () => {
        f.store('i32.store', target, op('i32.add', column, codeAt(places, bit, lowest)));
        f.increase(bit, bits);
        f.increase(target, 4);
      });
      f.increase(column, m);
    });
    f.increase(places, rowBytes);
  });
}

/** The code that begins with bit `bit` of a row, which lies in one byte. */
function codeAt(row: Local, bit: Local, lowest: Local): Expression {
  const byte = byteAt(op('i32.add', row, op('i32.shr_u', bit, i32(3))));
  return op('i32.and', op('i32.shr_u', byte, op('i32.and', bit, i32(7))), lowest);
}

function addRanges(module: ModuleBuilder): void {
  const f = module.function('ranges', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [target, count, step, used] = f.arguments;
  const begin = f.let(i32(0));
  f.repeat(count, () => {
    f.store('i32.store', target, begin);
    f.store('i32.store', target, op('i32.add', begin, used), 4);
    f.increase(begin, step);
    f.increase(target, 8);
  });
}

const word = (address: Expression, offset = 0): Expression => memoryOp('i32.load', offset, [address]);

function addEntriesOfBlocks(module: ModuleBuilder, name: string, valueBytes: 1 | 4): void {
  const entriesOfRow = addEntriesOfRow(module, `${name} of a row`, valueBytes);
  const f = module.function(
    name,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [offsets, blockColumns, values, row, rows, height, width, columns, toColumns, toValues, toOffsets] =
    f.arguments;
  const total = f.let(i32(0));
  f.store('i32.store', toOffsets, total);
  f.repeat(rows, () => {
    const ofRow = op('i32.add', offsets, op('i32.shl', op('i32.div_u', row, height), i32(2)));
    const within = op('i32.rem_u', row, height);
    const entries = f.let(
      call(entriesOfRow, ofRow, blockColumns, values, within, height, width, columns, toColumns, toValues),
    );
    f.increase(total, entries);
    f.store('i32.store', toOffsets, total, 4);
    f.increase(toColumns, op('i32.shl', entries, i32(2)));
    f.increase(toValues, op('i32.mul', entries, i32(valueBytes)));
    f.increase(toOffsets, 4);
    f.increase(row, 1);
  });
}

/**
 * Adds `name(blockOffsets, blockColumns, values, within, height, width, columns, targetColumns, targetValues)` → how many: the
 * entries of row `within` of a row of blocks.
 */
function addEntriesOfRow(module: ModuleBuilder, name: string, valueBytes: 1 | 4): Callable {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
  const [offsets, blockColumns, values, within, height, width, columns, targetColumns, targetValues] = f.arguments;
  const begin = f.let(word(offsets));
  const blocks = f.let(op('i32.sub', word(offsets, 4), begin));
  const blockColumn = f.let(op('i32.add', blockColumns, op('i32.shl', begin, i32(2))));
  const row = op('i32.add', op('i32.mul', begin, height), within);
  const rowBytes = op('i32.mul', width, i32(valueBytes));
  const value = f.let(op('i32.add', values, op('i32.mul', row, rowBytes)));
  const blockBytes = f.let(op('i32.mul', height, rowBytes));
  const start = f.let(targetColumns);
  f.repeat(blocks, () => {
    const column = f.let(op('i32.mul', word(blockColumn), width));
    const from = f.let(value);
    // The last blocks may stick out of the matrix.
    const inside = f.let(op('i32.sub', columns, column));
    f.if(op('i32.gt_s', inside, width), () => f.set(inside, width));
    f.repeat(inside, () => {
      f.store('i32.store', targetColumns, column);
      if (valueBytes === 4) f.store('i32.store', targetValues, word(from));
      else f.store('i32.store8', targetValues, byteAt(from));
      f.increase(column, 1);
      f.increase(from, valueBytes);
      f.increase(targetColumns, 4);
      f.increase(targetValues, valueBytes);
    });
    f.increase(blockColumn, 4);
    f.increase(value, blockBytes);
  });
  f.return(op('i32.shr_u', op('i32.sub', targetColumns, start), i32(2)));
  return f;
}
