/** Products with matrices whose values are positions in a table. */
import { i32, memoryOp, op, shuffle8, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { decodedCalls, type Decode } from './decoded-product.ts';
import type { EncodedRule } from './encoded-rule.ts';

/** The rule of the layout. */
export const codebookRule: EncodedRule = {
  accepts: () => true,
  calls: (spec, engine) => {
    const bits = Number(spec.settings['bits']);
    const rowBytes = Math.ceil((spec.columns * bits) / 8);
    const { lookUp4, lookUp8 } = tableKernels(engine);
    const decode = bits === 4 ? lookUp4 : lookUp8;
    const decodeCodes: Decode = ([codes = 0, table = 0], { row, rows, column, columns }, target) => {
      // Blocks begin with even columns.
      decode(codes + row * rowBytes + (column * bits) / 8, table, rows, columns, rowBytes, target);
    };
    return decodedCalls(spec, engine, { decode: decodeCodes, rowsOf: [{ rowBytes, bits }] });
  },
};

/** (codes, table, rows, columns, rowStep, target): target [rows, columns] = what codes of 4 and of 8 bits stand for. */
type TableKernels = Readonly<Record<'lookUp4' | 'lookUp8', WasmFunction>>;

const tableKernels: (engine: Engine) => TableKernels = onceAnEngine((engine) => {
  const { module } = engine.module();
  addLookUp4(module);
  addLookUp8(module);
  return engine.instantiate(module);
});

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const entryOf = (table: Local, code: Expression): Expression =>
  memoryOp('f32.load', 0, [op('i32.add', table, op('i32.shl', code, i32(2)))]);

/** Bytes, or pairs of them, of two vectors in turns: those of the lower halves, or of the upper ones. */
function interleaved(a: Local, b: Local, width: 1 | 2, half: 0 | 1): Expression {
  const places = Array.from({ length: 8 / width }, (_, place) => (half * 8) / width + place);
  const bytes = places.flatMap((place) =>
    [0, 16].flatMap((side) => Array.from({ length: width }, (_, byte) => side + place * width + byte)),
  );
  return shuffle8(a, b, bytes);
}

/** The table in four vectors: the lowest bytes of its 16 entries, and so on. */
function bytePlanes(f: FunctionBuilder, table: Local): Local[] {
  const quarters = [0, 16, 32, 48].map((offset) => f.let(load(table, offset)));
  const [first, second, third, fourth] = quarters as [Local, Local, Local, Local];
  return [0, 1, 2, 3].map((plane) => {
    const picked = [0, 4, 8, 12, 16, 20, 24, 28].map((byte) => byte + plane);
    const low = f.let(shuffle8(first, second, [...picked, ...picked]));
    const high = f.let(shuffle8(third, fourth, [...picked, ...picked]));
    return f.let(shuffle8(low, high, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]));
  });
}

function addLookUp4(module: ModuleBuilder): void {
  const f = module.function('lookUp4', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [codes, table, rows, columns, rowStep, target] = f.arguments;
  const planes = bytePlanes(f, table);
  const nibbles = f.let(v128([0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f]));
  const from = f.local('i32');
  f.repeat(rows, () => {
    f.set(from, codes);
    f.repeat(op('i32.shr_u', columns, i32(4)), () => {
      const packed = f.let(memoryOp('v128.load64_zero', 0, [from]));
      const even = f.let(op('v128.and', packed, nibbles));
      const odd = f.let(op('v128.and', op('i16x8.shr_u', packed, i32(4)), nibbles));
      const code = f.let(interleaved(even, odd, 1, 0));
      const [a, b, c, d] = planes.map((plane) => f.let(op('i8x16.swizzle', plane, code))) as [
        Local,
        Local,
        Local,
        Local,
      ];
      for (const half of [0, 1] as const) {
        const [lower, upper] = [f.let(interleaved(a, b, 1, half)), f.let(interleaved(c, d, 1, half))];
        f.store('v128.store', target, interleaved(lower, upper, 2, 0), half * 32);
        f.store('v128.store', target, interleaved(lower, upper, 2, 1), half * 32 + 16);
      }
      f.increase(from, 8);
      f.increase(target, 64);
    });
    const odd = f.let(i32(0));
    f.repeat(op('i32.and', columns, i32(15)), () => {
      const byte = memoryOp('i32.load8_u', 0, [from]);
      const code = op('i32.and', op('i32.shr_u', byte, op('i32.shl', odd, i32(2))), i32(15));
      f.store('f32.store', target, entryOf(table, code));
      f.increase(from, odd);
      f.set(odd, op('i32.xor', odd, i32(1)));
      f.increase(target, 4);
    });
    f.increase(codes, rowStep);
  });
}

function addLookUp8(module: ModuleBuilder): void {
  const f = module.function('lookUp8', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [codes, table, rows, columns, rowStep, target] = f.arguments;
  const from = f.local('i32');
  const one = (place: number): void =>
    f.store('f32.store', target, entryOf(table, memoryOp('i32.load8_u', place, [from])), place * 4);
  f.repeat(rows, () => {
    f.set(from, codes);
    f.repeat(op('i32.shr_u', columns, i32(2)), () => {
      for (let place = 0; place < 4; place++) one(place);
      f.increase(from, 4);
      f.increase(target, 16);
    });
    f.repeat(op('i32.and', columns, i32(3)), () => {
      one(0);
      f.increase(from, 1);
      f.increase(target, 4);
    });
    f.increase(codes, rowStep);
  });
}
