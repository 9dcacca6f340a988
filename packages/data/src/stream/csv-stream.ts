/** CSV files of any size as datasets. */
import type { HostArray } from '@espalier/nn';
import { aByteSource, type ByteSource } from '@espalier/nn/format';
import { ArgumentError } from '@espalier/tensor';
import { check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import type { Preparation } from '../prepare/preparation.ts';
import type { CsvIndex } from '../table/csv/read-csv.ts';
import { chosenParts, chosenRows, choiceRules, type CsvChoice } from './csv-tables.ts';
import type { PartRows, Shards } from './shards.ts';
import { streamed, streamRules, type StreamedDataset, type StreamOptions } from './streamed.ts';

/** How a CSV file is streamed. */
export interface CsvStreamOptions extends StreamOptions, Omit<CsvChoice, 'columns'> {}

const { columns: _, ...rowRules } = choiceRules;

/** What the options of a stream of rows have to be. */
export const csvStreamRules: OptionRules<CsvStreamOptions> = { ...streamRules, ...rowRules };

const dtypeOf = ({ data }: HostArray): 'f32' | 'i32' => (data instanceof Int32Array ? 'i32' : 'f32');

/**
 * The examples of a CSV file, a part at a time. Of each part only the columns are read that the preparation asks for.
 * @throws {ArgumentError} for parts that the index has not, and a preparation without a target.
 */
export function csvShards(source: ByteSource, index: CsvIndex, preparation: Preparation, choice: CsvChoice): Shards {
  const chosen = chosenParts(index, choice);
  const { target, columns } = preparation;
  if (!target) throw new ArgumentError('csvStream', 'the preparation has no target; fit it with one');
  return {
    name: source.name,
    parts: chosen.map(({ rows }) => rows),
    x: { shape: [preparation.features.length], dtype: 'f32' },
    y: target.as === 'classes' ? { shape: [], dtype: 'i32' } : { shape: [preparation.outputs], dtype: 'f32' },
    read: async (place): Promise<PartRows> => {
      const { part } = chosen[place] as (typeof chosen)[number];
      const table = await chosenRows(source, index, part, { ...choice, columns });
      const [x, y] = [preparation.inputs(table), preparation.targets(table)];
      return {
        x: x.data as Float32Array,
        y: dtypeOf(y) === 'i32' ? (y.data as Int32Array) : (y.data as Float32Array),
      };
    },
  };
}

/**
 * The rows of a CSV file as a dataset that holds a part of them at a time. Fit the preparation on the rows that are learnt from
 * (`PreparationFitter`, `csvTables`), and split by lots or parts.
 * @throws {ArgumentError} for parts that the index has not, and memory that holds none.
 *
 * @example
 * const [train, test] = lotsOf([0.8, 0.2], 7);
 * const index = await indexCsv(source);
 * const fitter = new PreparationFitter({ target: 'price' });
 * for await (const table of csvTables(source, index, { lots: train })) fitter.take(table);
 * const data = csvStream(source, index, fitter.finish(), { lots: train, seed: 7, memory: 2 ** 28 });
 */
export function csvStream(
  source: ByteSource,
  index: CsvIndex,
  preparation: Preparation,
  options: CsvStreamOptions = {},
): StreamedDataset {
  check('csvStream', 'source', source, aByteSource);
  checkOptions('csvStream', options, csvStreamRules);
  const { parts, lots, ...stream } = options;
  const shards = csvShards(source, index, preparation, { ...(parts && { parts }), ...(lots && { lots }) });
  return streamed(shards, { ...(index.digest !== undefined && { digest: index.digest }), ...stream });
}
