/** A score: magnitude in relation to the row, so that no output loses all its inputs. */
import type { ScoreType } from '@espalier/optimize';

export const rowRelative: ScoreType = {
  type: 'row-relative',
  words: 'by magnitude within rows',
  score: (values, { parameter: { shape } }) => {
    const columns = values.length / (shape[0] ?? 1);
    const largest = (row: number): number =>
      values.subarray(row * columns, (row + 1) * columns).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const rows = Float32Array.from({ length: shape[0] ?? 1 }, (_, row) => largest(row) || 1);
    return values.map((value, index) => Math.abs(value) / (rows[Math.floor(index / columns)] as number));
  },
};
