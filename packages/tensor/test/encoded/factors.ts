// Dense factors of products with encoded matrices.
import { fromTyped, type Device, type EncodedMatrix, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { randomNumbers } from './formats.ts';

/** Where a dense factor stands, and as what it lies in memory: all that makes a kernel another one. */
export interface Factor {
  readonly side: 'left' | 'right';
  readonly transposed: boolean;
  /** Rows of the dense factor on the left, columns on the right. */
  readonly count: number;
  readonly strided: boolean;
  readonly activations: EncodedMatrix['activations'];
  readonly seed: number;
}

const anyFactorOf = (...activations: readonly Factor['activations'][]): fc.Arbitrary<Factor> =>
  fc.record({
    side: fc.constantFrom('left', 'right' as const),
    transposed: fc.boolean(),
    count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(8, 17, 33, 64)),
    strided: fc.boolean(),
    activations: fc.constantFrom(...activations),
    seed: fc.nat({ max: 2 ** 30 }),
  });

export const anyFactor: fc.Arbitrary<Factor> = anyFactorOf('f32', 'int8');
/** Also of what is rounded in groups, whose codes near halves depend on how a device divides. */
export const anyRoundedFactor: fc.Arbitrary<Factor> = anyFactorOf('f32', 'int8', 'int8-groups', 'int16-groups');

/** A factor's values [rows, columns], row by row: some 0, the others from `numberFrom` of a random number from -1 to 1. */
export function factorValues(
  rows: number,
  columns: number,
  { seed }: Pick<Factor, 'seed'>,
  numberFrom: (random: () => number) => number = (random) => random() * 2 - 1,
): Float32Array<ArrayBuffer> {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: rows * columns }, () => (random() < 0.1 ? 0 : numberFrom(random)));
}

/** Such values on a device, contiguous or as the transpose of what is. */
export function denseFactor(
  values: Float32Array<ArrayBuffer>,
  [rows, columns]: readonly [number, number],
  { strided }: Pick<Factor, 'strided'>,
  device: Device,
): Tensor {
  if (!strided) return fromTyped(values, [rows, columns], { device });
  const turned = Float32Array.from(
    values,
    (_, place) => values[(place % rows) * columns + Math.floor(place / rows)] as number,
  );
  return fromTyped(turned, [columns, rows], { device }).t();
}

/** The shape of the dense factor of a matrix. */
export function factorShape(
  { shape: [rows, columns] }: EncodedMatrix,
  { side, transposed, count }: Factor,
): readonly [number, number] {
  const [first, last] = transposed ? [columns, rows] : [rows, columns];
  return side === 'left' ? [count, first] : [last, count];
}

/** The product of a matrix and its factor. */
export function product(matrix: EncodedMatrix, x: Tensor, { side, transposed, activations }: Factor): Tensor {
  const w = transposed ? matrix.t() : matrix;
  return side === 'left' ? w.after(x, { activations }) : w.matmul(x, { activations });
}
