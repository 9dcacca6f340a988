// Arrays of NumPy: what it wrote is read, what we write is read again, and what is no array of numbers is refused by name.
import fc from 'fast-check';
import { FormatError } from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import { bytesOf, memorySink, npy, npz, openNpy, openNpz, openTensors, type WrittenTensor } from '../../src/index.ts';
import { golden, goldenJson } from '../helpers/golden.ts';

interface GoldenArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly base64: string;
}

const arrays = goldenJson('numpy.json') as Readonly<Record<string, GoldenArray>>;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const written = (dtype: string, shape: readonly number[], bytes: Uint8Array): WrittenTensor => ({
  dtype,
  shape,
  bytes: bytes.length,
  values: async function* values() {
    yield bytes;
  },
});

/** An .npy file with a header of our own. */
function npyOf(header: string, values = 0, version = 1): Uint8Array {
  const text = Buffer.from(`${header}\n`, 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  return Buffer.concat([
    Buffer.from(`\u0093NUMPY${String.fromCharCode(version)}\0`, 'latin1'),
    length,
    text,
    Buffer.alloc(values),
  ]);
}

const refusal = async (bytes: Uint8Array): Promise<FormatError> => {
  const error: unknown = await openNpy(bytesOf(bytes, 'x.npy')).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  return error as FormatError;
};

describe('arrays that NumPy wrote', () => {
  test.each(Object.entries(arrays))('%s', async (name, { shape, base64: values }) => {
    const source = await openTensors(bytesOf(golden(`numpy/${name}.npy`)));
    expect(source.format).toBe('npy');
    expect(source.tensors.get('array')?.shape).toEqual(shape);
    expect(base64(await source.read('array'))).toBe(values);
    const whole = await source.read('array');
    for (let begin = 0; begin < whole.length; begin += 5)
      expect(await source.read('array', { begin, end: Math.min(begin + 7, whole.length) })).toEqual(
        whole.slice(begin, begin + 7),
      );
  });

  test.each([
    ['record', "holds records ([('x', '<f4'), ('y', '<i4')]), which are no tensor"],
    ['text', "is of the dtype '<U2' (texts), which is no tensor's"],
    ['time', "is of the dtype '<M8[D]' (dates), which is no tensor's"],
    ['object', "is of the dtype '|O' (Python objects, which are pickles), which is no tensor's"],
  ])('%s is refused by name', async (name, words) => {
    expect((await refusal(golden(`numpy/${name}.npy`))).message).toContain(words);
  });

  test.each(['stored.npz', 'deflated.npz'])('%s has arrays by name', async (name) => {
    const source = await openTensors(bytesOf(golden(`numpy/${name}`)));
    expect(source.format).toBe('npz');
    expect([...source.tensors.keys()]).toEqual(['weight', 'bias']);
    for (const own of ['bias', 'weight', 'bias']) {
      const { dtype, shape } = source.tensors.get(own) as WrittenTensor;
      const counted =
        dtype === 'I64' ? BigInt64Array.from([0n, 1n, 2n, 3n, 4n, 5n]) : Float32Array.from([0, 1, 2, 3, 4, 5]);
      const length = shape.reduce((product, size) => product * size, dtype === 'F32' ? 4 : 8);
      const zeros = new Uint8Array(length);
      const isCounted = length === counted.byteLength && shape.length === 2;
      expect(await source.read(own)).toEqual(isCounted ? new Uint8Array(counted.buffer) : zeros);
    }
  });
});

describe('headers', () => {
  test.each([
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }", 'F32', [2]],
    ['{"shape": (2, 1), "fortran_order": True, "descr": "<f4"}', 'F32', [2, 1]],
    ["{'descr': '=f8', 'fortran_order': False, 'shape': ()}", 'F64', []],
  ])('%s are read', async (header, dtype, shape) => {
    const source = await openNpy(bytesOf(npyOf(header, 8)));
    expect(source.tensors.get('array')).toEqual({ dtype, shape, bytes: 8 });
  });

  test.each([
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 8, 'has 8 bytes of values; F32 [3] takes 12'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", 8, 'has the shape (3), which is none'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 8, 'has the shape (-1,), which is none'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 8, 'which is none'],
    ["{'descr': '<f4', 'fortran_order': False}", 8, "has a header without one 'shape'"],
    ["{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", 8, "has a header without one 'descr'"],
    ["{'descr': '<f3', 'fortran_order': False, 'shape': (1,)}", 8, "is of the dtype '<f3'"],
    ['nothing', 8, 'has a header that is no dict: nothing'],
  ])('%s are refused', async (header, values, words) => {
    expect((await refusal(npyOf(header, values))).message).toContain(words);
  });

  test('of other versions, and what is cut off, are refused', async () => {
    expect((await refusal(npyOf('{}', 0, 4))).message).toContain('is an .npy file of version 4.0');
    expect((await refusal(golden('numpy/f4.npy').slice(0, 40))).message).toContain('ends before its header');
    expect((await refusal(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).message).toContain('is no .npy file');
  });
});

const kinds = { F32: 4, F64: 8, F16: 2, I64: 8, I16: 2, U8: 1, BOOL: 1, C64: 8, C128: 16 };
const anyTensor = fc
  .tuple(fc.constantFrom(...Object.entries(kinds)), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }))
  .chain(([[dtype, size], shape]) => {
    const length = shape.reduce((product, each) => product * each, size);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({ dtype, shape, bytes }));
  });

describe('what we write', () => {
  test('comes back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.stringMatching(/^[a-z.]{0,60}[a-z]$/u).filter((name) => !name.includes('..')),
          anyTensor,
          { minKeys: 1, maxKeys: 4 },
        ),
        async (state) => {
          const sink = memorySink();
          await npz.write?.(
            sink,
            new Map(
              Object.entries(state).map(([name, { dtype, shape, bytes }]) => [name, written(dtype, shape, bytes)]),
            ),
          );
          const source = await openTensors(bytesOf(sink.bytes()));
          expect(source.format).toBe('npz');
          for (const [name, { dtype, shape, bytes }] of Object.entries(state)) {
            expect(source.tensors.get(name)).toEqual({ dtype, shape, bytes: bytes.length });
            expect(await source.read(name)).toEqual(new Uint8Array(bytes));
          }
          const [first] = Object.values(state);
          if (!first) return;
          const one = memorySink();
          await npy.write?.(one, new Map([['x', written(first.dtype, first.shape, first.bytes)]]));
          expect(await (await openNpy(bytesOf(one.bytes()))).read('array')).toEqual(new Uint8Array(first.bytes));
        },
      ),
    );
  });

  test('refuses what NumPy has not before it writes, and says it', async () => {
    const sink = memorySink();
    const half = new Map([['w', written('BF16', [1], new Uint8Array(2))]]);
    expect(npz.losses?.(half, { epoch: 1 })).toEqual(["'w' (BF16)", "the note 'epoch'"]);
    await expect(npz.write?.(sink, half)).rejects.toThrow("npz: at byte 0: cannot carry 'w' (BF16)");
    await expect(npy.write?.(sink, new Map())).rejects.toThrow('holds one array, not 0');
    expect(sink.bytes()).toHaveLength(0);
  });

  test('an .npz with what is no array is refused', async () => {
    const bytes = golden('pytorch/state.pth');
    await expect(openNpz(bytesOf(bytes, 'x.npz'))).rejects.toThrow("'state/data.pkl' is no .npy file");
  });
});
