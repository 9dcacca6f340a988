/** Codes of up to 4 bits as the arrays of `int4`. */
import type { Encoding, MatrixShape } from '@espalier/tensor';

/** How far the codes of `int4`, from 0 on, are from those that lie around 0. */
const middle = 8;

/** Signed codes of up to 4 bits, two to a byte; each group of columns has a scale, and a zero point if there are any. */
export function int4Of(
  codes: Int8Array,
  [rows, columns]: MatrixShape,
  {
    scales,
    zeros,
    group,
  }: { readonly scales: Float32Array<ArrayBuffer>; readonly zeros: Int8Array | undefined; readonly group: number },
): Encoding {
  const bytes = Math.ceil(columns / 2);
  const packed = new Uint8Array(rows * bytes);
  for (const [index, code] of codes.entries()) {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const at = row * bytes + (column >> 1);
    packed[at] = (packed[at] as number) | ((code + middle) << ((column & 1) * 4));
  }
  const shape = [rows, Math.ceil(columns / group)];
  return {
    settings: { group, zeros: zeros !== undefined },
    arrays: {
      codes: { dtype: 'u8', shape: [rows, bytes], data: packed },
      scales: { dtype: 'f32', shape, data: scales },
      ...(zeros && { zeros: { dtype: 'u8', shape, data: Uint8Array.from(zeros, (zero) => zero + middle) } }),
    },
  };
}
