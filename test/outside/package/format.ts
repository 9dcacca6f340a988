/** A format of matrices: the sign of each element, and one magnitude a row. No device has a kernel for it. */
import type { MatrixFormat, Tensor } from '@espalier/tensor';

export const rowSigns: MatrixFormat = {
  name: 'row-signs',
  options: {},
  arrays: () => ['signs', 'magnitudes'],
  encode: (values, [rows, columns]) => {
    const mean = (row: number): number =>
      values.subarray(row * columns, (row + 1) * columns).reduce((sum, value) => sum + Math.abs(value), 0) / columns;
    return {
      settings: {},
      arrays: {
        signs: { dtype: 'i8', shape: [rows, columns], data: Int8Array.from(values, Math.sign) },
        magnitudes: {
          dtype: 'f32',
          shape: [rows, 1],
          data: Float32Array.from({ length: rows }, (_, row) => mean(row)),
        },
      },
    };
  },
  flaw: ({ arrays: { signs, magnitudes } }, [rows, columns]) =>
    signs?.data.length === rows * columns && magnitudes?.data.length === rows
      ? undefined
      : 'there is not a sign for each element, and a magnitude for each row',
  expand: ({ signs, magnitudes }, _, shape) =>
    (signs as Tensor)
      .cast('f32')
      .reshape(shape)
      .mul((magnitudes as Tensor).reshape(shape[0], 1)),
};
