/** A table that is larger than memory as what a run is made of: examples that are held, and streams of all others. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  csvStream,
  leastMemory,
  lotsOf,
  type CsvIndex,
  type Lots,
  type StreamedDataset,
  type Target,
} from '@espalier/data';
import { keptIndex, sideCsvStream, steadyFile, type SteadyFile } from '@espalier/data/node';
import type { Device } from '@espalier/tensor';
import { UsageError } from '../../errors.ts';
import { columnOptions, knownColumns, type TableUse } from '../table/open-table.ts';
import { keptLearnt, type HeldLots, type Learnt, type StreamLots } from './learnt.ts';
import { memoryOfStream, wholeTable } from './memory.ts';

/** A table to stream. */
export interface StreamedTableUse extends TableUse {
  /** Bytes that the whole run may take. */
  readonly memory: number;
  /** Where the index and what was learnt are kept. */
  readonly kept: string;
  /** Whether a thread reads for the training while it goes on. Default: where there is a processor for it. */
  readonly thread?: boolean;
}

/** A table that is streamed. */
export interface StreamedTable extends Learnt {
  readonly rows: number;
  readonly target: Target;
  /** All rows that are learnt from, in an order of their own. */
  readonly train: StreamedDataset;
  /** All rows that no decision is made by, in order. */
  readonly test: StreamedDataset;
  readonly close: () => Promise<void>;
}

/** Rows that are held at most: to search by, to choose by, and to judge by. */
const mostRows = { sample: 40_000, validate: 20_000, judge: 50_000 };

/** The share of the rows that is for the test. */
const testShare = 0.2;

/** The share that decisions are made by, at most. */
const validateShare = 0.15;

/** Bytes of the file that are a part. */
const partBytes = 1 << 20;

/** Which rows are for what. */
function lotsFor({ rows }: CsvIndex, seed: number): StreamLots & HeldLots {
  const validate = Math.min(validateShare, mostRows.validate / rows);
  const [train, held, test] = lotsOf([1 - testShare - validate, validate, testShare], seed) as [Lots, Lots, Lots];
  const within = ({ from, to }: Lots, count: number): Lots => ({ seed, from, to: Math.min(to, from + count / rows) });
  return { train, test, validate: held, sample: within(train, mostRows.sample), judge: within(test, mostRows.judge) };
}

/** Streams of both parts; that of the training may have a thread, since it is the one that is waited for. */
async function streamsOf(
  source: SteadyFile,
  index: CsvIndex,
  { preparation }: Learnt,
  { train, test }: StreamLots,
  { file, seed, memory, thread = availableParallelism() > 1 }: StreamedTableUse,
  device: Device,
): Promise<Pick<StreamedTable, 'train' | 'test' | 'close'>> {
  const widest = index.parts.reduce((most, { rows }) => Math.max(most, rows), 0);
  const x = { shape: [preparation.features.length], dtype: 'f32' } as const;
  const y = { shape: [preparation.outputs], dtype: 'f32' } as const;
  const own = memoryOfStream(file, memory, leastMemory({ parts: [widest], x, y }), wholeTable(file));
  const options = { memory: own, seed, device };
  const judged = csvStream(source, index, preparation, { ...options, lots: test, shuffle: false });
  if (!thread) {
    const learnt = csvStream(source, index, preparation, { ...options, lots: train });
    return { train: learnt, test: judged, close: () => source.close() };
  }
  const learnt = await sideCsvStream(file, index, preparation, { ...options, lots: train });
  const close = async (): Promise<void> => {
    await learnt.close();
    await source.close();
  };
  return { train: learnt, test: judged, close };
}

/**
 * Indexes a table, or takes the index that is kept, learns how its rows become examples in one pass, and opens streams of them.
 * @throws {DataError | FormatError} naming the row, for a table that is damaged, or cannot be learnt from.
 * @throws {UsageError} for memory that is too small.
 */
export async function openStreamedTable(use: StreamedTableUse, device: Device): Promise<StreamedTable> {
  const source = await steadyFile(use.file);
  try {
    return await opened(source, use, device);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function opened(source: SteadyFile, use: StreamedTableUse, device: Device): Promise<StreamedTable> {
  const { file, seed, target, columns, kept } = use;
  const { index } = await keptIndex(source, join(kept, 'index'), { partBytes, known: knownColumns(use) });
  if (index.rows === 0) throw new UsageError(`${file}: it has no rows`);
  const { train, test, ...held } = lotsFor(index, seed);
  const request = { lots: { train, test }, held, options: { target, ...columnOptions(columns) } };
  const learnt = await keptLearnt(source, index, join(kept, 'learnt'), request, device);
  const streams = await streamsOf(source, index, learnt, { train, test }, use, device);
  return { ...learnt, ...streams, rows: index.rows, target: learnt.preparation.target as Target };
}
