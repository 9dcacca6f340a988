/** Reads arrays of encoded matrices, and compares what cpu computes from accepted ones with the reference. */
import {
  bitmask,
  blockSparse,
  codebook,
  cpu,
  createReferenceDevice,
  csr,
  encodeMatrix,
  fromTyped,
  full,
  int4,
  intN,
  int8,
  matrixFromArrays,
  nOfM,
  tensor,
  type Device,
  type DType,
  type EncodedMatrix,
  type Encoding,
  type MatrixFormat,
  type MatrixShape,
  type StoredFormat,
  type Tensor,
  type TypedArray,
} from '@espalier/tensor';
import { mutateJson } from '../engine/mutate-json.ts';
import type { Random } from '../engine/random.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

/** A matrix as text: the bytes of its arrays are hexadecimal. */
interface Written {
  readonly format: string;
  readonly shape: MatrixShape;
  readonly settings: Encoding['settings'];
  readonly arrays: Readonly<Record<string, WrittenArray>>;
}

interface WrittenArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: string;
}

const formats: ReadonlyMap<string, StoredFormat> = new Map(
  [int8, int4, intN, codebook, csr, bitmask, nOfM, blockSparse].map((format) => [format.name, format]),
);

const arrayOf: Readonly<Record<string, (bytes: ArrayBuffer) => TypedArray>> = {
  i8: (bytes) => new Int8Array(bytes),
  u8: (bytes) => new Uint8Array(bytes),
  i32: (bytes) => new Int32Array(bytes),
  f16: (bytes) => new Uint16Array(bytes),
  f32: (bytes) => new Float32Array(bytes),
};

/** The array that a text says; whatever cannot be one stays as it is. */
function unwritten(written: unknown): unknown {
  const { dtype, bytes } = Object(written) as Partial<Record<keyof WrittenArray, unknown>>;
  const make = typeof dtype === 'string' && Object.hasOwn(arrayOf, dtype) ? arrayOf[dtype] : undefined;
  if (!make || typeof bytes !== 'string') return written;
  const raw = Uint8Array.from(Buffer.from(bytes, 'hex'));
  const whole = raw.slice(0, raw.length - (raw.length % make(new ArrayBuffer(0)).BYTES_PER_ELEMENT));
  return { ...(written as WrittenArray), data: make(whole.buffer) };
}

async function textOf<Options extends object>(
  format: MatrixFormat<Options>,
  shape: MatrixShape,
  options: Options,
): Promise<Uint8Array> {
  const values = Float32Array.from({ length: shape[0] * shape[1] }, (_, index) =>
    index % 3 === 0 ? Math.sin(index + 1) : 0,
  );
  const matrix = await encodeMatrix(tensor(values).reshape(shape), format, options);
  const arrays = await Promise.all(
    Object.entries(matrix.arrays).map(async ([name, array]) => {
      const bytes = Buffer.from(await array.bytes()).toString('hex');
      return [name, { dtype: array.dtype, shape: array.shape, bytes } satisfies WrittenArray] as const;
    }),
  );
  const { settings } = matrix;
  const whole: Written = { format: format.name, shape, settings, arrays: Object.fromEntries(arrays) };
  return Buffer.from(JSON.stringify(whole));
}

/** Other bytes in the arrays, as many as there were. */
function withOtherBytes(input: Uint8Array, random: Random): Uint8Array {
  const whole = JSON.parse(Buffer.from(input).toString()) as Written;
  const arrays = Object.entries(whole.arrays);
  const changes = new Map<string, Buffer>();
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const [name, { bytes }] = random.pick(arrays);
    const changed = changes.get(name) ?? Buffer.from(bytes, 'hex');
    if (changed.length > 0)
      changed[random.below(changed.length)] = random.pick([0, 1, 2, 0x0f, 0x10, 0x7f, 0x80, 0xff, random.below(256)]);
    changes.set(name, changed);
  }
  const changed = arrays.map(([name, array]) => [
    name,
    { ...array, bytes: changes.get(name)?.toString('hex') ?? array.bytes },
  ]);
  return Buffer.from(JSON.stringify({ ...whole, arrays: Object.fromEntries(changed) as unknown }));
}

/** Sizes up to which what was accepted is computed with. */
const mostSize = 512;
/** Magnitudes up to which sums on two devices are compared. */
const mostMagnitude = 1e15;

const reference: Device = createReferenceDevice('fuzz-reference');

/** Numbers between -1 and 1 that are no halves of codes. */
function factor(rows: number, columns: number, device: Device): Tensor {
  const values = Float32Array.from({ length: rows * columns }, (_, index) => Math.sin(index * 1.7 + 0.3));
  return fromTyped(values, [rows, columns], { device });
}

/** Throws unless two devices compute the same, but for what sums of `depth` numbers of this magnitude may round. */
async function compare(what: string, own: Tensor, other: Tensor, room: number): Promise<void> {
  const [found, expected] = [await own.data(), await other.data()];
  const wrong = expected.findIndex((value, index) => !(Math.abs((found[index] ?? NaN) - value) <= room));
  if (wrong >= 0)
    throw new Error(`${what} is ${found[wrong]} at ${wrong} on cpu, and ${expected[wrong]} on the reference device`);
}

/** What products and look-ups of a matrix come to on a device, by name. */
function uses(matrix: EncodedMatrix): ReadonlyMap<string, Tensor> {
  const { device } = matrix;
  const used = new Map<string, Tensor>([['the dense matrix', matrix.toDense()]]);
  for (const [walk, each] of [
    ['rows', matrix],
    ['columns', matrix.t()],
  ] as const)
    for (const count of [1, 3, 40])
      for (const activations of ['f32', 'int8'] as const)
        used.set(
          `the product of ${count} rows of ${activations} over ${walk}`,
          each.after(factor(count, each.shape[0], device), { activations }),
        );
  return used;
}

/** Computes with a matrix on both devices, in memory of cpu whose numbers, wherever there is no array, are not numbers. */
async function compute(format: StoredFormat, shape: MatrixShape, encoding: Encoding): Promise<void> {
  full([1 << 16], NaN, { device: cpu() })
    .realizeSync()
    .dispose();
  const matrices = [cpu(), reference].map((device) => matrixFromArrays(format, shape, encoding, { device }));
  const none: ReadonlyMap<string, Tensor> = new Map();
  const [own = none, expected = none] = matrices.map(uses);
  const dense = await expected.get('the dense matrix')?.data();
  const most = (dense as Float32Array).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (const [what, result] of own) {
    // What is no number, or none that can be added up, is computed and not compared.
    if (most <= mostMagnitude)
      await compare(what, result, expected.get(what) as Tensor, 1e-5 * most * Math.max(...shape));
    else await result.data();
  }
  for (const each of [...own.values(), ...expected.values(), ...matrices]) each.dispose();
}

/** What a text says; nothing, where a mutant is no JSON. */
function read(input: Uint8Array): Written {
  try {
    return Object(JSON.parse(Buffer.from(input).toString())) as Written;
  } catch {
    return {} as Written;
  }
}

/** Matrices in every format, from arrays as files may hold them: what is accepted is computed with. */
export const encodedReader: Reader = {
  name: 'encoded',
  limit: ofObjects,
  seeds: async () => [
    await textOf(int8, [6, 20], { scales: 'row' }),
    await textOf(int8, [6, 20], { scales: 'matrix' }),
    await textOf(int4, [5, 70], { group: 32, zeros: true }),
    await textOf(int4, [4, 33], { group: 16 }),
    await textOf(intN, [5, 37], { bits: 3, group: 16, zeros: true, scales: 'f16' }),
    await textOf(intN, [4, 20], { bits: 5, group: 32 }),
    await textOf(codebook, [6, 21], { bits: 4 }),
    await textOf(codebook, [3, 10], { bits: 8 }),
    await textOf(csr, [9, 20], {}),
    await textOf(csr, [3, 300], { values: 'int8' }),
    await textOf(bitmask, [7, 19], {}),
    await textOf(bitmask, [7, 16], { values: 'int8' }),
    await textOf(nOfM, [6, 18], {}),
    await textOf(nOfM, [6, 32], { n: 3, m: 8, values: 'int8' }),
    await textOf(blockSparse, [10, 18], { height: 4, width: 4 }),
    await textOf(blockSparse, [8, 32], { height: 1, width: 16, values: 'int8' }),
  ],
  mutate: (input, random) =>
    random.chance(0.6) ? withOtherBytes(input, random) : mutateJson(input, random, ['"int8"', '"row"', '"matrix"']),
  read: async (input) => {
    const { format: name, shape, settings, arrays } = read(input);
    const format = formats.get(name) ?? int8;
    const named = Object.entries(Object(arrays) as object).map(([each, array]) => [each, unwritten(array)]);
    const encoding = { settings, arrays: Object.fromEntries(named) as Encoding['arrays'] };
    const matrix = matrixFromArrays(format, shape, encoding, { device: cpu() });
    matrix.dispose();
    if (Math.max(...matrix.shape) > mostSize) return;
    await compute(format, shape, encoding);
  },
};
