import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../src/devices/cpu/assembler/byte-writer.ts';
import {
  f32,
  i32,
  laneOp,
  memoryOp,
  op,
  select,
  shuffle32,
  tee,
  v128,
  call,
  f64,
  type Expression,
} from '../../../src/devices/cpu/assembler/expression.ts';
import { hostImport, memoryImport, ModuleBuilder } from '../../../src/devices/cpu/assembler/module-builder.ts';
import {
  laneOpcodes,
  memoryOpcodes,
  plainOpcodes,
  type LaneOp,
  type MemoryOp,
  type PlainOp,
} from '../../../src/devices/cpu/assembler/opcodes.ts';
import { hasRelaxedSimd } from '../../../src/devices/cpu/wide/relaxed.ts';
import { webAssembly } from '../../../src/devices/cpu/assembler/web-assembly.ts';

const limits = { initial: 1, maximum: 1, shared: false };
const memory = new webAssembly.Memory({ initial: 1, maximum: 1 });

function instantiate(
  module: ModuleBuilder,
  host: Record<string, unknown> = {},
): Record<string, (...values: number[]) => number> {
  const compiled = new webAssembly.Module(module.encode());
  const { exports } = new webAssembly.Instance(compiled, {
    [memoryImport.module]: { [memoryImport.name]: memory },
    [hostImport]: host,
  });
  return exports as Record<string, (...values: number[]) => number>;
}

function decodeUnsigned(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte, i) => sum | (BigInt(byte & 127) << BigInt(7 * i)), 0n);
}

describe('ByteWriter', () => {
  test('writes LEB128 that decodes to the same numbers', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffffffff }), (value) => {
        const out = new ByteWriter();
        out.unsigned(value);
        expect(decodeUnsigned(out.finish())).toBe(BigInt(value));
      }),
    );
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const out = new ByteWriter();
        out.signed(value);
        const bytes = out.finish();
        expect(BigInt.asIntN(7 * bytes.length, decodeUnsigned(bytes))).toBe(BigInt(value));
      }),
    );
  });

  test('grows', () => {
    const out = new ByteWriter();
    for (let i = 0; i < 1000; i++) out.byte(i & 255);
    expect(out.finish()).toEqual(Uint8Array.from({ length: 1000 }, (_, i) => i & 255));
  });
});

describe('opcodes', () => {
  const zero: Record<string, Expression> = {
    i: i32(0),
    l: op('i64.extend_i32_s', i32(0)),
    f: f32(0),
    d: f64(0),
    v: v128([0, 0, 0, 0]),
  };
  const operandsOf = (text: string): Expression[] =>
    [...(text.split(' ')[1]?.split('>')[0] ?? '')].map((letter) => zero[letter] as Expression);
  const validates = (expression: Expression): boolean => {
    const module = new ModuleBuilder(limits);
    const f = module.function('probe', [], expression.type);
    if (expression.type === 'none') f.do(expression);
    else f.return(expression);
    return webAssembly.validate(module.encode());
  };

  test.each(Object.entries(plainOpcodes).filter(([name]) => !name.includes('relaxed')))(
    '%s validates with its signature',
    (name, text) => {
      expect(validates(op(name as PlainOp, ...operandsOf(text)))).toBe(true);
    },
  );
  test.each(Object.entries(memoryOpcodes))('%s validates with its signature', (name, text) => {
    expect(validates(memoryOp(name as MemoryOp, 4, operandsOf(text), name.endsWith('_lane') ? 1 : undefined))).toBe(
      true,
    );
  });
  test.each(Object.entries(laneOpcodes))('%s validates with its signature', (name, text) => {
    expect(validates(laneOp(name as LaneOp, 1, ...operandsOf(text)))).toBe(true);
  });
  test('relaxed SIMD is either known or refused, not a crash', () => {
    expect(typeof hasRelaxedSimd()).toBe('boolean');
  });
});

describe('FunctionBuilder', () => {
  test('loops, branches, locals, calls and imports do what they say', () => {
    const module = new ModuleBuilder(limits);
    const triangle = module.function('triangle', ['i32'], 'i32', true);
    const sum = triangle.local('i32');
    const i = triangle.local('i32');
    triangle.repeat(triangle.argument(0), () =>
      triangle.set(sum, op('i32.add', sum, tee(i, op('i32.add', i, i32(1))))),
    );
    triangle.return(sum);

    const twice = module.function('twice', ['f64'], 'f64', true);
    // Declared after the first function: indices must still be right when imports come late.
    twice.return(call(module.import('double', ['f64'], 'f64'), twice.argument(0)));

    const sign = module.function('sign', ['i32'], 'i32', true);
    const [x] = sign.arguments;
    sign.if(
      op('i32.lt_s', x, i32(0)),
      () => sign.return(i32(-1)),
      () => sign.if(x, () => sign.return(i32(1))),
    );
    sign.return(i32(0));

    const steps = module.function('steps', ['i32'], 'i32', true);
    const left = steps.let(steps.argument(0));
    const count = steps.local('i32');
    steps.block((end) => {
      steps.loop((again) => {
        steps.branchIf(end, op('i32.le_s', left, i32(0)));
        steps.increase(count, 1);
        steps.increase(left, -3);
        steps.branchIf(again, i32(1));
      });
    });
    steps.return(select(op('i32.eqz', count), i32(-7), count));

    const exports = instantiate(module, { double: (value: number) => value * 2 });
    expect(exports['triangle']?.(10)).toBe(55);
    expect(exports['triangle']?.(0)).toBe(0);
    expect(exports['twice']?.(1.25)).toBe(2.5);
    expect([-5, 0, 9].map((value) => exports['sign']?.(value))).toEqual([-1, 0, 1]);
    expect([0, 1, 3, 4, 10].map((value) => exports['steps']?.(value))).toEqual([-7, 1, 1, 2, 4]);
  });

  test('shuffles words of two vectors', () => {
    const module = new ModuleBuilder(limits);
    const f = module.function('run', ['i32'], 'i32', true);
    const shuffled = f.let(shuffle32(v128([10, 11, 12, 13]), v128([20, 21, 22, 23]), [3, 4, 0, 7]));
    f.store('v128.store', f.argument(0), shuffled);
    f.return(laneOp('i32x4.extract_lane', 1, shuffled));
    expect(instantiate(module)['run']?.(64)).toBe(20);
    expect([...new Int32Array(memory.buffer, 64, 4)]).toEqual([13, 20, 10, 23]);
  });

  test('refuses operands of the wrong type where they are written', () => {
    expect(() => op('f32.add', f32(1), i32(1))).toThrow('f32.add takes (f32, f32) but was given (f32, i32)');
    const f = new ModuleBuilder(limits).function('f', [], 'none');
    expect(() => f.set(f.local('f32'), i32(1))).toThrow('a i32 cannot be assigned to a f32 local');
  });
});
