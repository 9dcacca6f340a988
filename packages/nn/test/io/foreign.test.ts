import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  convertForeign,
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  loadModelFrom,
  readSafetensors,
  type ForeignTensor,
} from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { deviceWithout } from '../helpers/devices.ts';

// Written by tools/golden/external_reader.py with the format's own implementation.
const file = new Uint8Array(readFileSync(new URL('../golden/foreign.safetensors', import.meta.url)));
const { tensors, converted, foreign } = readSafetensors(file);

describe('a file with dtypes that the engine has not opens', () => {
  test.each([
    ['steps', 'I64', 'i32', [0, -1, 2 ** 31 - 1, -(2 ** 31)]],
    ['counts', 'U64', 'u32', [0, 2 ** 32 - 1]],
    ['short', 'I16', 'i32', [-(2 ** 15), 7, 2 ** 15 - 1]],
    ['word', 'U16', 'u32', [0, 2 ** 16 - 1]],
  ] as const)('%s: %s becomes %s', async (name, from, to, values) => {
    expect(converted.get(name)).toBe(from);
    expect(tensors.get(name)?.dtype).toBe(to);
    expect(Array.from((await tensors.get(name)?.data()) ?? [])).toEqual(values);
  });

  test.each(['e4m3', 'e5m2'])('%s: all 256 patterns are what PyTorch says', async (name) => {
    const found = Array.from((await tensors.get(name)?.data()) ?? []);
    expect(found).toHaveLength(256);
    expect(found).toEqual(Array.from((await tensors.get(`${name} values`)?.data()) ?? []));
  });

  test.each([
    ['far', 'I64', [1, 2], 'holds 2147483648, which no i32 is'],
    ['far counts', 'U64', [2], 'holds 9223372036854775808, which no u32 is'],
    ['fnuz', 'F8_E4M3FNUZ', [3], 'no tensors of'],
    ['complex', 'C64', [2], 'no tensors of'],
  ] as const)('%s: %s is carried, and named when it is asked for', (name, dtype, shape, words) => {
    const odd = foreign.get(name) as ForeignTensor;
    expect(odd).toMatchObject({ dtype, shape });
    expect(tensors.has(name)).toBe(false);
    expect(() => convertForeign(name, odd)).toThrow(FormatError);
    expect(() => convertForeign(name, odd)).toThrow(`'${name}' is ${dtype}`);
    expect(() => convertForeign(name, odd)).toThrow(words);
  });

  test('with what is not foreign as it is', async () => {
    expect([...((await tensors.get('weight')?.data()) ?? [])]).toEqual([1, 1, 1, 1]);
    expect(converted.has('weight')).toBe(false);
  });

  test('and is written again without loss', () => {
    const before = decodeSafetensors(file);
    const again = decodeSafetensors(encodeSafetensors(new Map([...before.tensors, ...before.foreign])));
    expect(again.foreign).toEqual(before.foreign);
    expect(again.tensors).toEqual(before.tensors);
  });
});

test('a model takes whole numbers of any size, as long as they fit', async () => {
  const config = { version: 1, model: { type: 'linear', in: 2, out: 1 } };
  const load = (bias: bigint) => {
    const weight = { dtype: 'I16', shape: [1, 2], bytes: new Uint8Array(Int16Array.of(3, -2).buffer) };
    const values = new Map([
      ['weight', weight],
      ['bias', { dtype: 'I64', shape: [1], bytes: new Uint8Array(BigInt64Array.of(bias).buffer) }],
    ]);
    const files: Readonly<Record<string, Uint8Array>> = {
      'config.json': new TextEncoder().encode(JSON.stringify(config)),
      'model.safetensors': encodeSafetensors(values),
    };
    return loadModelFrom(async (name) => files[name], { source: 'there' });
  };
  const { module } = await load(-5n);
  expect(module.forward(tensor([[1, 1]])).arraySync()).toEqual([[-4]]);
  await expect(load(2n ** 40n)).rejects.toThrow(FormatError);
  await expect(load(2n ** 40n)).rejects.toThrow(
    "there/model.safetensors: at byte 0: 'bias' is I64 and holds 1099511627776",
  );
});

const bits = { F4: 4, F6_E2M3: 6, F6_E3M2: 6, F8_E8M0: 8, I64: 64, C64: 64 } as const;

test('any dtype, also one that is newer than this reader, comes back byte by byte', () => {
  const known = fc.constantFrom(...(Object.keys(bits) as (keyof typeof bits)[])).chain((dtype) =>
    fc.nat(4).chain((count) => {
      // Four elements of any number of bits fill bytes.
      const length = (bits[dtype] * 4 * count) / 8;
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((bytes): ForeignTensor => ({ dtype, shape: [4, count], bytes }));
    }),
  );
  const newer = fc
    .uint8Array({ maxLength: 9 })
    .map((bytes): ForeignTensor => ({ dtype: 'F3_E1M1', shape: [5], bytes }));
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/u), fc.oneof(known, newer)), (entries) => {
      const all = new Map(Object.entries(entries));
      const back = decodeSafetensors(encodeSafetensors(all)).foreign;
      expect(back).toEqual(all);
    }),
  );
});

test.each([
  ['I64', [2], 8],
  ['F4', [3], 2],
  ['F6_E2M3', [4], 4],
])('%s %j in %d bytes is a FormatError', (dtype, shape, length) => {
  const odd = { dtype, shape, bytes: new Uint8Array(length) };
  expect(() => encodeSafetensors(new Map([['x', odd]]))).toThrow(FormatError);
});

test.each(['i64', 'F 8', '', 'X'.repeat(40)])('%j is no name of a dtype', (dtype) => {
  expect(() => encodeSafetensors(new Map([['x', { dtype, shape: [0], bytes: new Uint8Array(0) }]]))).toThrow(
    FormatError,
  );
  const header = JSON.stringify({ x: { dtype, shape: [0], data_offsets: [0, 0] } });
  const bytes = new Uint8Array(8 + header.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  expect(() => decodeSafetensors(bytes)).toThrow('is no name of a dtype');
});

test('doubles become f32 on a device that has none, and that is told', async () => {
  const device = deviceWithout('f64');
  const bytes = tensor([1.5, 0.1], { dtype: 'f64' }).bytesSync();
  const read = readSafetensors(encodeSafetensors(new Map([['x', { dtype: 'f64', shape: [2], bytes }]])), { device });
  expect(read.converted).toEqual(new Map([['x', 'F64']]));
  expect(Array.from((await read.tensors.get('x')?.data()) ?? [])).toEqual([1.5, Math.fround(0.1)]);
});
