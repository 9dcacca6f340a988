/** Stable sorting of rows: keys with positions are ordered, and numbers then fetched by these. */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import type { Binding, SortSpec } from '../../../kernel/spec.ts';
import { call, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { MemoryOp } from '../assembler/opcodes.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { keys } from './keys.ts';
import { clearCounts, countBytes, countDigits, digitPass, insertion, keyAt, pairBytes } from './radix.ts';

/** Rows of up to so many are sorted by insertion: the counts of digits would take longer. */
const few = 24;

/** The calls of a sort, whose units are its rows. It works in the pairs of a row, twice, and the counts of digits. */
export function sortCalls(spec: SortSpec, engine: Engine): Calls {
  const { module } = engine.module();
  generateSort(spec, module);
  const { sort } = engine.instantiate(module) as { readonly sort: WasmFunction };
  const pairs = spec.length * pairBytes;
  if (spec.rows === 0) return () => undefined;
  engine.reserve(2 * pairs + countBytes, 'sort');
  return () => {
    const { workspace } = engine;
    const operands = [0, 1, 2].map((binding) => engine.address(binding));
    engine.serve(0, spec.rows, () =>
      sort(...engine.part(spec.rows), ...operands, workspace, workspace + pairs, workspace + 2 * pairs),
    );
  };
}

const rawLoads: Readonly<Record<number, MemoryOp>> = {
  1: 'i32.load8_u',
  2: 'i32.load16_u',
  4: 'i32.load',
  8: 'i64.load',
};
const rawStores: Readonly<Record<number, MemoryOp>> = {
  1: 'i32.store8',
  2: 'i32.store16',
  4: 'i32.store',
  8: 'i64.store',
};

/** The instructions that move elements as they are, so that NaN patterns and signed zeros survive. */
function rawMoves(dtype: DType): readonly [load: MemoryOp, store: MemoryOp] {
  const { bytes } = dtypes[dtype];
  return [rawLoads[bytes] as MemoryOp, rawStores[bytes] as MemoryOp];
}

/** Adds `sort(begin, end, input, values, positions, pairs, spare, counts)` to a module, which sorts rows from `begin` on up to `end`. */
function generateSort({ bindings, length, descending }: SortSpec, module: ModuleBuilder): void {
  const { dtype } = bindings[0] as Binding;
  const { bytes } = dtypes[dtype];
  const key = keys[dtype];
  const [rawLoad, rawStore] = rawMoves(dtype);
  const order = length > few ? digitPass(module) : insertion(module);
  const f = module.function('sort', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [begin, end, input, values, positions, first, second, counts] = f.arguments;
  const [pairs, spare, pair, address, swap] = [0, 1, 2, 3, 4].map(() => f.local('i32')) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const eachPair = (body: () => void): void => {
    f.set(pair, pairs);
    f.repeat(length, () => {
      body();
      f.increase(pair, pairBytes);
    });
  };
  const elementAt = (position: Expression): Expression => op('i32.add', input, op('i32.mul', position, i32(bytes)));
  const position = memoryOp('i32.load', 0, [pair]);

  for (const [rows, step] of [
    [input, length * bytes],
    [values, length * bytes],
    [positions, length * 4],
  ] as const)
    f.set(rows, op('i32.add', rows, op('i32.mul', begin, i32(step))));
  f.repeat(op('i32.sub', end, begin), () => {
    f.set(pairs, first);
    f.set(spare, second);
    const number = f.let(i32(0));
    eachPair(() => {
      f.store('i32.store', pair, number);
      f.increase(number, 1);
    });
    for (let word = 0; word < key.words; word++) {
      if (length > few) clearCounts(f, counts, key.bytes);
      eachPair(() => {
        f.set(address, elementAt(position));
        const own = key.word(f, address, word);
        const found = f.let(descending ? op('i32.xor', own, i32(-1)) : own);
        f.store('i32.store', pair, found, keyAt);
        if (length > few) countDigits(f, counts, found, key.bytes);
      });
      if (length > few)
        for (let pass = 0; pass < key.bytes; pass++) {
          const own = op('i32.add', counts, i32(pass * (countBytes / 4)));
          f.set(swap, pairs);
          f.set(pairs, call(order, pairs, spare, own, i32(8 * pass), i32(length)));
          f.if(op('i32.ne', pairs, swap), () => f.set(spare, swap));
        }
      else f.do(call(order, pairs, i32(length)));
    }
    f.set(address, values);
    const place = f.let(positions);
    eachPair(() => {
      f.store(rawStore, address, memoryOp(rawLoad, 0, [elementAt(position)]));
      f.store('i32.store', place, position);
      f.increase(address, bytes);
      f.increase(place, 4);
    });
    f.increase(input, length * bytes);
    f.increase(values, length * bytes);
    f.increase(positions, length * 4);
  });
}
