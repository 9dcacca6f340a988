/** Products of matrices in doubles, by the kernels of the cpu device. */
import { cpu, fromTyped, scope } from '@espalier/tensor';

/** Some rows of a row-major matrix, whose rows may be parts of longer ones. */
export interface Rows {
  readonly values: Float64Array<ArrayBuffer>;
  readonly rows: number;
  readonly columns: number;
}

/** Rows of a matrix in its columns from `begin` to `end`, side by side. */
export function cutOut(
  { values, columns }: { readonly values: Float64Array; readonly columns: number },
  [top, bottom]: readonly [number, number],
  [begin, end]: readonly [number, number],
): Rows {
  const width = end - begin;
  const cut = new Float64Array((bottom - top) * width);
  for (let row = top; row < bottom; row++)
    cut.set(values.subarray(row * columns + begin, row * columns + end), (row - top) * width);
  return { values: cut, rows: bottom - top, columns: width };
}

/** a · b, [rows of a, columns of b]; the fewer columns a has, the more of b stays in caches: 128 are best. */
export function product(a: Rows, b: Rows): Float64Array<ArrayBuffer> {
  const device = cpu();
  using made = scope(() =>
    fromTyped(a.values, [a.rows, a.columns], { device }).matmul(fromTyped(b.values, [b.rows, b.columns], { device })),
  );
  return made.dataSync() as Float64Array<ArrayBuffer>;
}

/** The same with rows and columns exchanged. */
export function turned({ values, rows, columns }: Rows): Rows {
  const made = new Float64Array(values.length);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) made[column * rows + row] = values[at] as number;
  return { values: made, rows: columns, columns: rows };
}
