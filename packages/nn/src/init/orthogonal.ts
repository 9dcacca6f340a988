/**
 * Orthogonal initial weights.
 * Source: A. Saxe, J. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
 * neural networks", ICLR 2014; uniform over all such matrices by the sign rule of F. Mezzadri, "How to generate random
 * matrices from the classical compact groups", Notices of the AMS 54 (2007).
 */
import { cpu, fromTyped, randn } from '@espalier/tensor';
import { optional, real } from '../config/fields.ts';
import { initialiserType } from './basic.ts';
import type { InitialiserType } from './initialiser.ts';

/**
 * `columns` orthonormal vectors of `rows` elements, one after the other, from as many vectors in the same layout: QR by
 * Gram-Schmidt, each vector orthogonalised twice, which makes it as good as Householder's
 * (L. Giraud et al., "Rounding error analysis of the classical Gram-Schmidt process", Numer. Math. 101, 2005).
 */
export function orthonormalColumns(vectors: Float64Array, rows: number, columns: number): Float64Array {
  const q = Float64Array.from(vectors);
  for (let j = 0; j < columns; j++) {
    const own = q.subarray(j * rows, (j + 1) * rows);
    for (let pass = 0; pass < 2; pass++)
      for (let i = 0; i < j; i++) {
        const other = q.subarray(i * rows, (i + 1) * rows);
        const along = dot(own, other);
        for (let k = 0; k < rows; k++) own[k] = (own[k] as number) - along * (other[k] as number);
      }
    // R's diagonal is this norm, positive: the sign rule holds by construction.
    const length = Math.sqrt(dot(own, own));
    for (let k = 0; k < rows; k++) own[k] = (own[k] as number) / length;
  }
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}

/** Rows, or columns where there are fewer, orthogonal and of length `gain`; a kernel counts as one row per output. */
export const orthogonalInitialiser: InitialiserType = initialiserType<{ gain: number }>(
  'orthogonal',
  { gain: optional(real({ above: 0 }), 1) },
  ({ gain }) =>
    (shape, _fans, { generator, device, dtype }) => {
      const out = shape[0] ?? 1;
      const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
      const [rows, columns] = [Math.max(out, inputs), Math.min(out, inputs)];
      // On the host, in f64: the same bytes on every device.
      const drawn = Float64Array.from(randn([columns, rows], { generator, device: cpu() }).dataSync());
      const q = orthonormalColumns(drawn, rows, columns).map((value) => value * gain);
      // Column j of Q is row j of the weight if outputs are the fewer, else column j.
      const weight =
        out <= inputs ? q : q.map((_, index) => q[(index % inputs) * rows + Math.floor(index / inputs)] as number);
      return fromTyped(Float32Array.from(weight), shape, { device, dtype });
    },
);
