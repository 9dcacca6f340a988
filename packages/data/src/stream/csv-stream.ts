/** CSV files of any size as datasets. */
import type { HostArray } from '@espalier/nn';
import { aByteSource, type ByteSource } from '@espalier/nn/format';
import { ArgumentError } from '@espalier/tensor';
import { aCount, check, checkOptions, listOf } from '@espalier/tensor/arguments';
import type { Preparation } from '../prepare/preparation.ts';
import { readCsvPart, type CsvIndex } from '../table/csv/read-csv.ts';
import { streamed, streamRules, type StreamedDataset, type StreamOptions } from './streamed.ts';

/** How a CSV file is streamed. */
export interface CsvStreamOptions extends StreamOptions {
  /** The parts of the index that are read: those of the training, say. Default: all. */
  readonly parts?: ArrayLike<number>;
}

const dtypeOf = ({ data }: HostArray): 'f32' | 'i32' => (data instanceof Int32Array ? 'i32' : 'f32');

/**
 * The rows of a CSV file as a dataset that holds a part of them at a time. Fit the preparation on some parts (`readCsvPart`), split by
 * parts, and train with `shuffle: false`.
 * @throws {ArgumentError} for parts that the index has not, and memory that holds none.
 *
 * @example
 * const index = await indexCsv(source);
 * const preparation = fitPreparation(await readCsvPart(source, index, 0), { target: 'price' });
 * const data = csvStream(source, index, preparation, { seed: 7, memory: 2 ** 28 });
 */
export function csvStream(
  source: ByteSource,
  index: CsvIndex,
  preparation: Preparation,
  options: CsvStreamOptions = {},
): StreamedDataset {
  check('csvStream', 'source', source, aByteSource);
  checkOptions('csvStream', options, { ...streamRules, parts: listOf(aCount) });
  const { parts = Array.from(index.parts.keys()), ...stream } = options;
  const chosen = Array.from(parts, (part) => {
    const found = index.parts[part];
    if (!found) throw new ArgumentError('csvStream', `the index has no part ${part}; it has ${index.parts.length}`);
    return { part, rows: found.rows };
  });
  const { target } = preparation;
  if (!target) throw new ArgumentError('csvStream', 'the preparation has no target; fit it with one');
  return streamed(
    {
      name: source.name,
      parts: chosen.map(({ rows }) => rows),
      x: { shape: [preparation.features.length], dtype: 'f32' },
      y: target.as === 'classes' ? { shape: [], dtype: 'i32' } : { shape: [preparation.outputs], dtype: 'f32' },
      read: async (place) => {
        const table = await readCsvPart(source, index, (chosen[place] as (typeof chosen)[number]).part);
        const [x, y] = [preparation.inputs(table), preparation.targets(table)];
        return {
          x: x.data as Float32Array,
          y: dtypeOf(y) === 'i32' ? (y.data as Int32Array) : (y.data as Float32Array),
        };
      },
    },
    stream,
  );
}
