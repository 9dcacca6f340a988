// A format from outside the package: no device has a kernel for it, and everything else works.
import {
  arange,
  ArgumentError,
  compile,
  configure,
  createReferenceDevice,
  encodeMatrix,
  gradients,
  matrixFromArrays,
  tensor,
  type MatrixFormat,
  type Tensor,
} from '@espalier/tensor';
import { beforeEach, expect, test } from 'vitest';

/** The band of a matrix: element (row, column) is at `diagonals[row, column - row + width]`. */
const band: MatrixFormat<{ width?: number }> = {
  name: 'band',
  arrays: () => ['diagonals'],
  kept: 'diagonals',
  options: {
    width: {
      is: 'an integer of at least 0',
      holds: (value): value is number => Number.isInteger(value) && (value as number) >= 0,
    },
  },
  encode: (values, [rows, columns], { width = 1 }) => {
    const data = new Float32Array(rows * (2 * width + 1));
    for (let row = 0; row < rows; row++)
      for (let column = Math.max(0, row - width); column <= Math.min(columns - 1, row + width); column++)
        data[row * (2 * width + 1) + column - row + width] = values[row * columns + column] as number;
    return { settings: { width }, arrays: { diagonals: { dtype: 'f32', shape: [rows, 2 * width + 1], data } } };
  },
  flaw: ({ settings, arrays }, [rows]) => {
    const sizes = [rows, 2 * Number(settings['width']) + 1];
    return arrays['diagonals']?.shape.join() === sizes.join() ? undefined : `diagonals are not [${sizes.join(', ')}]`;
  },
  expand: (arrays, settings, [rows, columns]) => {
    const diagonals = arrays['diagonals'] as Tensor;
    const count = (length: number): Tensor => arange(0, length, 1, { dtype: 'i32', device: diagonals.device });
    const place = count(columns).sub(count(rows).unsqueeze(1)).add(Number(settings['width']));
    const inside = place.ge(0).logicalAnd(place.lt(diagonals.shape[1] as number));
    return diagonals.gather(1, place.where(inside, 0)).where(inside, 0);
  },
};

const notices: string[] = [];
beforeEach(() => configure({ warn: (notice) => void notices.push(notice) }));

const dense = tensor([[1, 2, 0], [3, 4, 5], [0, 6, 7], [0, 0, 8]]); // prettier-ignore

test('it multiplies, transposes, prints and moves as those of the package do', async () => {
  using matrix = await encodeMatrix(dense, band);
  expect(matrix.toDense().arraySync()).toEqual(dense.arraySync());
  expect(tensor([1, 10, 100, 1000]).matmul(matrix).arraySync()).toEqual([31, 642, 8750]);
  expect(matrix.matmul(tensor([1, 10, 100])).arraySync()).toEqual([21, 543, 760, 800]);
  expect(
    matrix
      .t()
      .take(tensor([2], { dtype: 'i32' }))
      .arraySync(),
  ).toEqual([[0, 5, 7, 8]]);
  expect(String(matrix)).toBe('EncodedMatrix([4, 3], band width 1, cpu, 48 bytes, 32 bits a value, 100 % there)');
  using moved = await matrix.to(createReferenceDevice('elsewhere'));
  expect(await moved.toDense().array()).toEqual(dense.arraySync());
});

test('it trains what it keeps, in compiled steps too', async () => {
  using matrix = await encodeMatrix(dense, band);
  const diagonals = (matrix.arrays['diagonals'] as Tensor).requiresGradients();
  const step = compile((x: Tensor) => gradients(x.matmul(matrix.with({ diagonals })).sum(), [diagonals])[0]);
  expect(step(tensor([1, 2, 3, 4])).arraySync()).toEqual([[0, 1, 1], [2, 2, 2], [3, 3, 0], [4, 0, 0]]); // prettier-ignore
});

test('what it says of options and arrays is heard', async () => {
  await expect(encodeMatrix(dense, band, { width: -1 })).rejects.toThrow(/band: width is -1; it must be an integer/);
  const whole = band.encode(new Float32Array(12), [4, 3], {});
  const more = { ...whole, settings: { width: 2 } };
  expect(() => matrixFromArrays(band, [4, 3], more)).toThrow(/band \[4, 3\]: diagonals are not \[4, 5\]/);
  expect(() => matrixFromArrays(band, [4, 3], { settings: {}, arrays: {} })).toThrow(ArgumentError);
});

test('that there is no kernel for it is said once a device, with what to do', async () => {
  notices.length = 0;
  const devices = [createReferenceDevice('one'), createReferenceDevice('another')];
  for (const device of devices)
    for (let turn = 0; turn < 3; turn++) {
      using matrix = await encodeMatrix(await dense.to(device), band);
      matrix.t().after(tensor([1, 2, 3], { device }));
    }
  expect(notices).toEqual(
    devices.map(
      ({ name }) =>
        `matmul: the ${name} device has no kernel for such a product with a matrix in band, and makes the dense matrix for each; keep its toDense() where there is memory for it, or take a format or a device with a kernel (hasKernel() tells)`,
    ),
  );
});

test.each<[string, Partial<Record<keyof MatrixFormat, unknown>>, RegExp]>([
  ['no encoding', { encode: () => null }, /what band makes is null/],
  [
    'a promise of one',
    { encode: async () => ({ settings: {}, arrays: {} }) },
    /settings of what band makes is missing/,
  ],
  ['a setting that no file holds', { encode: () => ({ settings: { width: NaN }, arrays: {} }) }, /finite numbers/],
  ['no arrays', { arrays: () => [] }, /at least one/],
  ['other arrays', { encode: () => ({ settings: {}, arrays: {} }) }, /the array 'diagonals' is missing/],
  ['values in an array it has not', { kept: 'values' }, /the array 'values' is missing/],
  ['a layout that nobody knows', { layout: 'band' }, /layout is "band"; it must be one of int8, /],
  ['what its own check refuses', { flaw: () => 'none is right' }, /none is right/],
])('what it makes is checked before anybody relies on it: %s', async (_, parts, reason) => {
  const broken = { ...band, ...parts } as MatrixFormat<{ width?: number }>;
  await expect(encodeMatrix(dense, broken)).rejects.toThrow(ArgumentError);
  await expect(encodeMatrix(dense, broken)).rejects.toThrow(reason);
});

test.each<[string, (diagonals: Tensor) => unknown]>([
  ['nothing', () => undefined],
  ['another shape', (diagonals) => diagonals.t()],
  ['another dtype', () => dense.cast('f16')],
])('an expand that gives %s is named where the matrix is used', async (_, expand) => {
  const broken = { ...band, expand: ({ diagonals }) => expand(diagonals as Tensor) } as MatrixFormat;
  const matrix = await encodeMatrix(dense, broken);
  expect(() => matrix.toDense()).toThrow(/the expand of band gave .*; it must be f32 \[4, 3\]/);
  expect(() => tensor([1, 1, 1, 1]).matmul(matrix)).toThrow(ArgumentError);
});
