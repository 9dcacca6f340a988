// Products of bytes: what their instructions give for all factors, and that matrices give the same bytes with and without them.
import { createReferenceDevice, fromTyped, intN, matrixFromArrays, type EncodedArray } from '@espalier/tensor';
import { afterEach, expect, test, vi } from 'vitest';
import { i32, memoryOp, op, v128 } from '../../src/devices/cpu/assembler/expression.ts';
import { memoryImport, ModuleBuilder } from '../../src/devices/cpu/assembler/module-builder.ts';
import { webAssembly } from '../../src/devices/cpu/assembler/web-assembly.ts';
import { cpuDeviceWith } from '../../src/devices/cpu/cpu-device.ts';
import * as engine from '../../src/devices/cpu/wide/byte-products.ts';
import { hasRelaxedSimd } from '../../src/devices/cpu/wide/relaxed.ts';
import { randomNumbers } from './formats.ts';

afterEach(() => vi.restoreAllMocks());

const codes = Array.from({ length: 255 }, (_, at) => at - 127);
const counts = Array.from({ length: 128 }, (_, at) => at);

test.runIf(hasRelaxedSimd())('an instruction gives what its factors come to, whichever they are', () => {
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: false });
  const f = module.function('multiply', [], 'none', true);
  const [x, w] = [f.let(memoryOp('v128.load', 0, [i32(0)])), f.let(memoryOp('v128.load', 16, [i32(0)]))];
  f.store('v128.store', i32(0), op('i16x8.relaxed_dot_i8x16_i7x16_s', x, w), 32);
  const sums = v128([1, 2, -3, 4]);
  f.store('v128.store', i32(0), op('i32x4.relaxed_dot_i8x16_i7x16_add_s', x, w, sums), 48);
  const memory = new webAssembly.Memory({ initial: 1, maximum: 1 });
  const imports = { [memoryImport.module]: { [memoryImport.name]: memory } };
  const { exports } = new webAssembly.Instance(new webAssembly.Module(module.encode()), imports);
  const multiply = exports['multiply'] as () => void;
  const bytes = new Int8Array(memory.buffer);
  const [pairs, fours] = [new Int16Array(memory.buffer, 32, 8), new Int32Array(memory.buffer, 48, 4)];
  const random = randomNumbers(3);
  const wrong: unknown[] = [];
  for (const code of codes)
    for (const count of counts) {
      // A pair of the same, one with the largest factors, and others.
      const [a, b] = [0, 1].map((place) =>
        Array.from({ length: 16 }, (_, lane) => {
          const own = [code, count][place] as number;
          if (lane < 2 || lane % 2 === 0) return own;
          if (lane < 6) return place === 1 ? 127 : lane === 3 ? 127 : -127;
          return Math.floor(random() * 128);
        }),
      ) as [number[], number[]];
      bytes.set(a, 0);
      bytes.set(b, 16);
      multiply();
      const product = (lane: number): number => (a[lane] as number) * (b[lane] as number);
      const two = [0, 1, 2, 3, 4, 5, 6, 7].map((lane) => product(2 * lane) + product(2 * lane + 1));
      const four = [1, 2, -3, 4].map((sum, lane) => sum + (two[2 * lane] as number) + (two[2 * lane + 1] as number));
      if (String([...pairs, ...fours]) !== String([...two, ...four])) wrong.push([code, count, [...pairs], [...fours]]);
    }
  expect(wrong).toEqual([]);
});

const scalesOf = (rows: number, groups: number, random: () => number): EncodedArray => ({
  dtype: 'f16',
  shape: [rows, groups],
  data: Uint16Array.from({ length: rows * groups }, () => 0x1800 + Math.floor(random() * 0x2800)),
});

/** A matrix of 11 rows whose codes are the least, the largest, and others. */
function anyCodes(bits: number, group: number, minima: boolean): Parameters<typeof matrixFromArrays>[2] {
  const [rows, columns] = [11, 288];
  const random = randomNumbers(bits * 64 + group);
  const width = (columns * bits) / 8;
  const byte = (at: number): number => [255, 0, Math.floor(random() * 256)][Math.floor(at / width) % 3] as number;
  return {
    settings: { bits, group, zeros: false, minima, table: false, scales: 'f16' },
    arrays: {
      codes: {
        dtype: 'u8',
        shape: [rows, width],
        data: Uint8Array.from({ length: rows * width }, (_, at) => byte(at)),
      },
      scales: scalesOf(rows, columns / group, random),
      ...(minima && { minima: scalesOf(rows, columns / group, random) }),
    },
  };
}

/** Rows of x that become the largest codes, of one sign and in turns, and others. */
const rowsOfX = (count: number): Float32Array<ArrayBuffer> => {
  const random = randomNumbers(9);
  return Float32Array.from({ length: count * 288 }, (_, at) => {
    const row = Math.floor(at / 288) % 4;
    return row === 0 ? 1 : row === 1 ? -1 : row === 2 ? 1 - 2 * (at & 1) : random() * 2 - 1;
  });
};

const drawn = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((bits) =>
  [16, 32].flatMap((group) => [false, true].map((minima) => ({ bits, group, minima }))),
);

test.runIf(hasRelaxedSimd()).each(drawn)(
  'codes of $bits bits, $group to a group, minima $minima: the same bytes however products add up',
  async ({ bits, group, minima }) => {
    const encoding = anyCodes(bits, group, minima);
    const found: Uint8Array[][] = [];
    for (const products of ['none', 'pairs', 'fours'] as const) {
      const asked = vi.spyOn(engine, 'byteProducts').mockReturnValue(products);
      const device = cpuDeviceWith({ name: `cpu:${products}`, threads: 1, maximumBytes: 2 ** 24 }, 0);
      const matrix = matrixFromArrays(intN, [11, 288], encoding, { device });
      const all = [1, 2, 3, 4, 7, 8, 13].map((count) =>
        fromTyped(rowsOfX(count), [count, 288], { device }).matmul(matrix.t(), { activations: 'int8-groups' }).bytes(),
      );
      found.push(await Promise.all(all));
      expect(asked).toHaveBeenCalled();
      device.dispose();
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  },
);

test('codes end at 127, where the scale is too small a number to be exact', async () => {
  const least = 2 ** -149;
  const x = Float32Array.from({ length: 3 * 288 }, (_, at) => (at % 288 === 0 ? 190 : 3) * least);
  const of = async (device: ReturnType<typeof createReferenceDevice>): Promise<Float32Array> => {
    const matrix = matrixFromArrays(intN, [11, 288], anyCodes(4, 32, false), { device });
    const y = fromTyped(x, [3, 288], { device }).matmul(matrix.t(), { activations: 'int8-groups' });
    return (await y.data()) as Float32Array;
  };
  const device = cpuDeviceWith({ name: 'cpu:least', threads: 1, maximumBytes: 2 ** 24 }, 0);
  const [found, wanted] = [await of(device), await of(createReferenceDevice('oracle of codes'))];
  device.dispose();
  for (const [at, value] of found.entries())
    expect(Math.abs(value - (wanted[at] as number))).toBeLessThan(12 * 9 * least);
});
