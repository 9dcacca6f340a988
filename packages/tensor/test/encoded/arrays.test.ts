// What is wrong with arrays from outside is said, and what is let through means the same to kernels and to `expand`.
import {
  ArgumentError,
  bitmask,
  blockSparse,
  codebook,
  cpu,
  createReferenceDevice,
  csr,
  eye,
  int4,
  intN,
  int8,
  matrixFromArrays,
  nOfM,
  ones,
  TensorError,
  type EncodedArray,
  type Encoding,
  type MatrixFormat,
  type MatrixShape,
  type StoredFormat,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyMatrix, formatCases } from './formats.ts';

const reference = createReferenceDevice('arrays');
const shape: MatrixShape = [3, 7];
const values = Float32Array.from({ length: 21 }, (_, index) => (index % 3 === 0 ? 0 : index - 10));

function encoding<Options extends object>(format: MatrixFormat<Options>, options: Options): Encoding {
  return format.encode(values, shape, options);
}

/** With some elements of an array changed. */
function changed(from: Encoding, name: string, elements: Readonly<Record<number, number>>): Encoding {
  const array = from.arrays[name] as EncodedArray;
  const data = array.data.slice();
  for (const [index, value] of Object.entries(elements)) data[Number(index)] = value;
  return { ...from, arrays: { ...from.arrays, [name]: { ...array, data } } };
}

const setting = (from: Encoding, settings: Encoding['settings']): Encoding => ({
  ...from,
  settings: { ...from.settings, ...settings },
});

const sparse = { csr: encoding(csr, {}), wide: csr.encode(new Float32Array(300).fill(1), [1, 300], {}) };
const packed = {
  int4: encoding(int4, { zeros: true }),
  codebook: encoding(codebook, {}),
  three: encoding(intN, { bits: 3, zeros: true, scales: 'f16' }),
  bitmask: encoding(bitmask, {}),
  nOfM: encoding(nOfM, {}),
  all: encoding(nOfM, { n: 4 }),
  blocks: encoding(blockSparse, { height: 2, width: 2 }),
  codes: encoding(bitmask, { values: 'int8' }),
};

test('a shape of any number of axes is shown by its first', () => {
  const axes = Array.from({ length: 40_000 }, () => 1) as unknown as MatrixShape;
  expect(() => matrixFromArrays(int8, axes, encoding(int8, {}))).toThrow(/not \[1, 1, 1, 1, 1, 1, 1, 1, …\]$/);
});

test.each([
  ['int8', int8, changed(encoding(int8, {}), 'scales', { 1: 0 }), /scales\[1\] is 0; a scale is a positive number/],
  ['int8', int8, setting(encoding(int8, {}), { scales: 'column' }), /its setting scales is/],
  ['int4', int4, setting(packed.int4, { group: 24 }), /group is 24; it must be a power of two from 16/],
  ['int4', int4, setting(packed.int4, { group: '32' }), /group is "32"/],
  ['int4', int4, setting(packed.int4, { zeros: 1 }), /there is no array 'zeros' in it; it has codes, scales/],
  ['int4', int4, changed(packed.int4, 'scales', { 0: Number.NaN }), /scales\[0\] is NaN; it must be finite/],
  ['int4', int4, changed(packed.int4, 'zeros', { 2: 16 }), /zeros\[2\] is 16; a zero point is a code, from 0 to 15/],
  ['int4', int4, changed(packed.int4, 'codes', { 3: 0x10 }), /row 0 of codes has bits set past its 7 codes/],
  ['int-n', intN, setting(packed.three, { bits: 9 }), /bits is 9; it must be a whole number from 1 to 8/],
  ['int-n', intN, setting(packed.three, { scales: 'f32' }), /scales is f16 \[3, 1\]; it must be f32 \[3, 1\]/],
  ['int-n', intN, setting(packed.three, { bits: 2 }), /codes is u8 \[3, 3\]; it must be u8 \[3, 2\]/],
  ['int-n', intN, changed(packed.three, 'scales', { 1: 0x7c00 }), /scales\[1\] is Infinity; it must be finite/],
  ['int-n', intN, changed(packed.three, 'zeros', { 2: 8 }), /zeros\[2\] is 8; a zero point is a code, from 0 to 7/],
  ['int-n', intN, changed(packed.three, 'codes', { 2: 0x80 }), /row 0 of codes has bits set past its 7 codes/],
  ['codebook', codebook, changed(packed.codebook, 'codes', { 11: 0xf0 }), /row 2 of codes has bits set/],
  ['codebook', codebook, setting(packed.codebook, { bits: 2 }), /bits is 2; it must be 4 or 8/],
  ['codebook', codebook, setting(packed.codebook, { bits: 8 }), /codes is u8 \[3, 4\]; it must be u8 \[3, 7\]/],
  ['csr', csr, changed(sparse.csr, 'offsets', { 0: 1 }), /offsets run from 1 to 13; they go from 0 to the 13 entries/],
  ['csr', csr, changed(sparse.csr, 'offsets', { 3: 12 }), /offsets run from 0 to 12/],
  ['csr', csr, changed(sparse.csr, 'offsets', { 1: 12, 2: 2 }), /row 1 runs from entry 12 back to 2/],
  ['csr', csr, changed(sparse.csr, 'columns', { 0: 7 }), /row 0 has the column 7 after -1, of 7; they ascend/],
  ['csr', csr, changed(sparse.csr, 'columns', { 1: 1 }), /row 0 has the column 1 after 1/],
  ['csr', csr, setting(sparse.csr, { columnBytes: 4 }), /columnBytes is 4; 7 columns take 1/],
  ['csr', csr, setting(sparse.csr, { values: 'f16' }), /values is "f16"; it must be one of 'f32', 'int8'/],
  [
    'bitmask',
    bitmask,
    changed(packed.bitmask, 'mask', { 1: 0 }),
    /row 1 has 5 values for 0 bits|row 1 has 4 values for 0/,
  ],
  ['bitmask', bitmask, changed(packed.bitmask, 'mask', { 0: 0xff }), /row 0 of mask has bits set past its 7 codes/],
  ['bitmask', bitmask, changed(packed.codes, 'scales', { 2: -1 }), /scales\[2\] is -1/],
  ['bitmask', bitmask, changed(packed.bitmask, 'offsets', { 1: 3 }), /row 0 has 3 values for 4 bits/],
  [
    'n-of-m',
    nOfM,
    changed(packed.nOfM, 'places', { 0: 0 }),
    /row 0 has the place 0 after 0 in the 4 columns from 0 on/,
  ],
  [
    'n-of-m',
    nOfM,
    changed(packed.nOfM, 'places', { 1: 0b11_10_01_00 }),
    /row 1 has the place 3 after 2 in the 3 columns/,
  ],
  ['n-of-m', nOfM, setting(packed.nOfM, { m: 17 }), /m is 17; it must be an integer from 2 to 16/],
  ['n-of-m', nOfM, setting(packed.nOfM, { n: 5 }), /n is 5; it must be an integer from 1 to 4/],
  ['n-of-m', nOfM, setting(packed.nOfM, { n: 1 }), /values is f32 \[3, 4\]; it must be f32 \[3, 2\]/],
  ['n-of-m', nOfM, changed(packed.all, 'values', { 7: 5 }), /element 7 of values is 5; .* has no column left for it/],
  ['blocks', blockSparse, changed(packed.blocks, 'columns', { 0: 4 }), /block row 0 has the column 4 after -1, of 4/],
  ['blocks', blockSparse, changed(packed.blocks, 'columns', { 1: 0 }), /block row 0 has the column 0 after 0/],
  ['blocks', blockSparse, changed(packed.blocks, 'offsets', { 1: -1 }), /runs from entry 0 back to -1/],
  ['blocks', blockSparse, setting(packed.blocks, { height: 0 }), /height is 0; it must be an integer from 1 to 256/],
  ['blocks', blockSparse, setting(packed.blocks, { width: 3 }), /block row 0 has the column 3 after 2, of 3/],
  [
    'blocks',
    blockSparse,
    changed(packed.blocks, 'values', { 13: 5 }),
    /element 13 of values is 5; it lies past the edge/,
  ],
] as [string, MatrixFormat, Encoding, RegExp][])('%s: %#', (_, format, arrays, message) => {
  const refused = (): unknown => matrixFromArrays(format, shape, arrays, { device: reference });
  expect(refused).toThrow(ArgumentError);
  expect(refused).toThrow(message);
});

test('columns of two bytes are read as such', () => {
  const low = changed(sparse.wide, 'columns', { 598: 0 });
  expect(() => matrixFromArrays(csr, [1, 300], low)).toThrow(/row 0 has the column 256 after 298/);
  const high = changed(sparse.wide, 'columns', { 598: 44 });
  expect(() => matrixFromArrays(csr, [1, 300], high)).toThrow(/row 0 has the column 300 after 298, of 300/);
});

describe.each(Object.entries(formatCases))('%s', (_, anyFormat) => {
  test('arrays that are missing, left over or of another type are refused', () => {
    for (const { format, options } of fc.sample(anyFormat, 4)) {
      const whole = format.encode(values, shape, options as never);
      const put = (arrays: Record<string, unknown>) => (): unknown =>
        matrixFromArrays(format, shape, { ...whole, arrays } as Encoding, { device: reference });
      expect(put({ ...whole.arrays, more: whole.arrays['codes'] })).toThrow(/there is no array 'more' in it/);
      for (const [name, array] of Object.entries(whole.arrays)) {
        const { [name]: left, ...others } = whole.arrays;
        expect(left).toBe(array);
        const replaced = (by: unknown) => put({ ...others, [name]: by });
        expect(put(others)).toThrow(new RegExp(`the array '${name}' is missing`));
        expect(replaced({ ...array, data: array.data.subarray(1) })).toThrow(/elements for the shape/);
        expect(replaced({ ...array, shape: [...array.shape, 1] })).toThrow(ArgumentError);
        expect(replaced({ ...array, shape: [-1] })).toThrow(ArgumentError);
        const other = array.dtype === 'f32' ? Int32Array : Float32Array;
        expect(replaced({ ...array, data: new other(array.data.length) })).toThrow(ArgumentError);
        const dtype = array.dtype === 'f32' ? 'i32' : 'f32';
        expect(replaced({ dtype, shape: array.shape, data: new other(array.data.length) })).toThrow(
          new RegExp(`${name} is ${dtype}`),
        );
        for (const foreign of [null, undefined, 1, 'text', [], { dtype: 'f32' }])
          expect(replaced(foreign)).toThrow(TensorError);
      }
      for (const foreign of [
        null,
        1,
        {},
        { settings: {} },
        { settings: null, arrays: {} },
        { settings: {}, arrays: 1 },
      ])
        expect(() => matrixFromArrays(format, shape, foreign as unknown as Encoding)).toThrow(ArgumentError);
      for (const [rows, columns] of [
        [40, 7],
        [0, 7],
        [3, 0],
      ] as const)
        // prettier-ignore
        expect(() => matrixFromArrays(format, [rows, columns], whole)).toThrow(ArgumentError);
    }
  });

  test('what is let through with bytes of any values means the same to kernels and to expand', async () => {
    const anyBytes = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 });
    const small = anyMatrix.filter(({ shape: [rows, columns] }) => rows * columns <= 600);
    await fc.assert(
      fc.asyncProperty(small, anyFormat, anyBytes, async (drawn, { format, options }, edits) => {
        const whole = format.encode(drawn.values, drawn.shape, options as never);
        const arrays = Object.entries(whole.arrays).map(
          ([name, array]) => [name, { ...array, data: array.data.slice() }] as const,
        );
        for (const [which, at, byte] of edits) {
          const [, { data }] = arrays[which % arrays.length] as (typeof arrays)[number];
          if (data.length > 0) new Uint8Array(data.buffer)[at % data.byteLength] = byte;
        }
        const edited: Encoding = { ...whole, arrays: Object.fromEntries(arrays) };
        try {
          for (const device of [reference, cpu()]) {
            using matrix = matrixFromArrays(format, drawn.shape, edited, { device });
            const product = matrix.matmul(eye(drawn.shape[1], undefined, { device }));
            const [found, wanted] = [await product.data(), await matrix.toDense().data()];
            // An infinity makes NaN of the zeros beside it.
            if (wanted.every(Number.isFinite))
              for (const [index, value] of wanted.entries())
                expect(Math.abs((found[index] as number) - value)).toBeLessThanOrEqual(4e-5 * Math.abs(value) + 1e-37);
          }
        } catch (error) {
          if (!(error instanceof ArgumentError)) throw error;
        }
      }),
      { numRuns: 40 },
    );
  });
});

test('other values in place of those of a matrix are of their type, and never what kernels rely on', () => {
  using matrix = matrixFromArrays(csr, shape, sparse.csr);
  const same = matrix.with({ values: ones([13]) });
  expect(same.toDense().ne(0).sum().itemSync()).toBe(13);
  expect(() => matrix.with({ codes: ones([13]) })).toThrow(/has no option "codes"; it takes offsets, columns, values/);
  expect(() => matrix.with({ values: ones([12]) })).toThrow(
    /values is f32 \[12\] on cpu; it must be f32 \[13\] on cpu/,
  );
  expect(() => matrix.with({ values: ones([13], { device: reference }) })).toThrow(
    /on arrays; it must be f32 \[13\] on/,
  );
  expect(() => matrix.with({ offsets: ones([4], { dtype: 'i32' }) })).toThrow(/offsets of csr holds no values/);
  expect(() => matrix.with({ columns: ones([13], { dtype: 'u8' }) })).toThrow(ArgumentError);
});

test.each(['cpu', 'reference'])(
  'arrays are on the %s device alone, whatever becomes of what was given',
  async (name) => {
    const device = name === 'cpu' ? cpu() : reference;
    const shapeOfMany: MatrixShape = [512, 1024];
    const given = int8.encode(
      Float32Array.from({ length: 512 * 1024 }, (_, at) => (at % 251) - 125),
      shapeOfMany,
      {},
    );
    const before = process.memoryUsage().arrayBuffers;
    const matrix = matrixFromArrays(int8, shapeOfMany, given, { device });
    // The reference device has its memory in JavaScript; a copy beside it would be as large again.
    const own = name === 'cpu' ? 0 : 512 * 1024;
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(own + 256 * 1024);
    const codes = Int8Array.from((given.arrays['codes'] as EncodedArray).data as Int8Array);
    for (const { data } of Object.values(given.arrays)) data.fill(1);
    const kept = (await matrix.arrays['codes']?.bytes()) ?? new Uint8Array();
    expect(Buffer.from(codes.buffer).equals(kept)).toBe(true);
  },
);

test('truth values are 0 and 1 on a device, too', async () => {
  const format: StoredFormat = {
    name: 'truths',
    arrays: () => ['truths'],
    flaw: () => undefined,
    expand: (arrays) => (arrays['truths'] as Tensor).cast('f32'),
  };
  const given: Encoding = {
    settings: {},
    arrays: { truths: { dtype: 'bool', shape: [1, 3], data: Uint8Array.of(0, 7, 1) } },
  };
  const matrix = matrixFromArrays(format, [1, 3], given);
  expect([...((await matrix.arrays['truths']?.bytes()) ?? [])]).toEqual([0, 1, 1]);
});
