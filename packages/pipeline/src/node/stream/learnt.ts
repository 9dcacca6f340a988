/**
 * What one pass over a table that is larger than memory shows: how rows become examples, and examples that are held, to search, choose
 * and judge by. It is kept in a file, so that a run that goes on does not read the table again.
 */
import {
  csvTables,
  Preparation,
  PreparationFitter,
  rowsByLot,
  type CsvIndex,
  type Lots,
  type PreparationOptions,
  type Table,
} from '@espalier/data';
import { readKept, writeKept, type SteadyFile } from '@espalier/data/node';
import { readSafetensors, tensorDataset, writeSafetensors, type Dataset, type HostArray } from '@espalier/nn';
import { fromTyped, type Device, type Tensor } from '@espalier/tensor';
import { UsageError } from '../../errors.ts';
import { TargetCounts, type ValueCounts } from './target-counts.ts';

/** The rows of a table, by lot. */
export interface StreamLots {
  readonly train: Lots;
  readonly test: Lots;
}

/** Rows that are held, by lot: the sample is a part of the training, what is judged by of the test. */
export interface HeldLots {
  readonly sample: Lots;
  readonly validate: Lots;
  readonly judge: Lots;
}

/** Examples that are held. */
export interface HeldExamples {
  readonly dataset: Dataset;
  readonly targets: Float32Array | Int32Array;
}

/** What was learnt of a table. */
export interface Learnt {
  readonly preparation: Preparation;
  /** Of the targets of all rows that are learnt from. */
  readonly counts: ValueCounts;
  readonly held: Readonly<Record<keyof HeldLots, HeldExamples>>;
}

/** What is learnt, of which rows. */
export interface LearnRequest {
  readonly lots: StreamLots;
  readonly held: HeldLots;
  readonly options: PreparationOptions;
}

const names = ['sample', 'validate', 'judge'] as const;

/** Joins the numbers of tables. */
function joined(parts: readonly HostArray[], device: Device): Tensor {
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const length = parts.reduce((sum, { data }) => sum + data.length, 0);
  const all = parts[0]?.data instanceof Int32Array ? new Int32Array(length) : new Float32Array(length);
  let at = 0;
  for (const { data } of parts) {
    all.set(data, at);
    at += data.length;
  }
  return fromTyped(all, [rows, ...(parts[0]?.shape.slice(1) ?? [])], { device });
}

/** Goes through the table once. */
async function learn(
  source: SteadyFile,
  index: CsvIndex,
  { lots, held, options }: LearnRequest,
  device: Device,
): Promise<Uint8Array> {
  const { target, kinds } = options;
  const others = Object.fromEntries(
    index.settings.columns.flatMap((name) => ([target].flat().includes(name) ? [] : [[name, false as const]])),
  );
  // Of the target every row is looked at, so that the first wrong one is named, and all classes are known.
  const whole = new PreparationFitter({ ...options, ...(kinds && { kinds }), columns: others });
  const own = new PreparationFitter(options);
  const counts = new TargetCounts([target ?? []].flat());
  const rows: Record<keyof HeldLots, Table[]> = { sample: [], validate: [], judge: [] };
  for await (const table of csvTables(source, index)) {
    const taken = (of: Lots): Table => table.take(rowsByLot(table.rowNumber(0) - 1, table.rows, of));
    whole.take(table);
    const learnt = taken(lots.train);
    own.take(learnt);
    counts.take(learnt);
    for (const name of names) rows[name].push(taken(held[name]));
  }
  const told = whole.config().target;
  const preparation = own.finish({
    ...(told && { learn: told.as }),
    ...(told?.as === 'classes' && { classes: told.classes }),
  });
  const tensors = new Map<string, Tensor>();
  for (const name of names) {
    const x = joined(
      rows[name].map((table) => preparation.inputs(table)),
      device,
    );
    const y = joined(
      rows[name].map((table) => preparation.targets(table)),
      device,
    );
    if (x.shape[0] === 0)
      throw new UsageError(`${source.name}: no row is left to ${name === 'sample' ? 'learn from' : 'judge by'}`);
    tensors.set(`${name}.x`, x).set(`${name}.y`, y);
  }
  const bytes = await writeSafetensors(tensors, {
    preparation: JSON.stringify(preparation.config()),
    counts: JSON.stringify(counts),
  });
  for (const tensor of tensors.values()) tensor.dispose();
  return bytes;
}

/** What was learnt, from its bytes. */
async function opened(bytes: Uint8Array, from: string, device: Device): Promise<Learnt> {
  const { tensors, metadata } = readSafetensors(bytes, { device, source: from });
  const preparation = new Preparation(JSON.parse(metadata['preparation'] ?? 'null'));
  const entries = await Promise.all(
    names.map(async (name): Promise<[string, HeldExamples]> => {
      const [x, y] = [tensors.get(`${name}.x`), tensors.get(`${name}.y`)] as [Tensor, Tensor];
      const targets = (await y.data()) as Float32Array | Int32Array;
      return [name, { dataset: tensorDataset(x, y), targets }];
    }),
  );
  const counts = JSON.parse(metadata['counts'] ?? '{}') as ValueCounts;
  return { preparation, counts, held: Object.fromEntries(entries) as unknown as Learnt['held'] };
}

/**
 * What a pass over the table shows, from the file that it was kept in, or found and kept there.
 * @throws {DataError} naming row and column, for what is not there or cannot be.
 * @throws {FormatError} for a damaged table, or one that changes meanwhile.
 */
export async function keptLearnt(
  source: SteadyFile,
  index: CsvIndex,
  file: string,
  request: LearnRequest,
  device: Device,
): Promise<Learnt> {
  const line = JSON.stringify([2, source.digest, source.modified, index.rows, request]);
  const known = await readKept(file, line);
  if (known) return opened(known, file, device);
  const bytes = await learn(source, index, request, device);
  await writeKept(file, line, bytes);
  return opened(bytes, file, device);
}
