/** Tables of sensitivity as files: measured once for a model, its data and what is tried. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FormatError, lossConfig, trainedBy, type Dataset, type Json, type Module } from '@espalier/nn';
import { writeFileAtomic } from '@espalier/nn/node';
import { aText, check } from '@espalier/tensor/arguments';
import { aModule } from '@espalier/nn/arguments';
import { spreadExamples } from '../calibration/examples.ts';
import { packWeights } from '../layout/model-file.ts';
import { sorted, type SensitivityOptions } from '../sensitivity/measure.ts';
import { aMeasuredTable, type MeasuredTable } from '../sensitivity/measured-table.ts';
import { checkSensitivity, sensitivity } from '../sensitivity/sensitivity.ts';

const format = 'espalier sensitivity 1';

/** What a file holds: tables by digests of what they are of. */
interface TableFile {
  readonly format: typeof format;
  readonly tables: Readonly<Record<string, MeasuredTable>>;
}

/**
 * As `sensitivity`, with the table in a file: what is there of the same model, data and options is not measured again. Each
 * measurement is kept at once, so that one that is interrupted goes on behind the last. Tables of other models stay in the file.
 * A loss of your own is told from others by its source text.
 * @throws {FormatError} for a file that holds something else; it is left alone.
 */
export async function sensitivityIn(file: string, model: Module, options: SensitivityOptions): Promise<MeasuredTable> {
  check('sensitivityIn', 'file', file, aText);
  check('sensitivityIn', 'model', model, aModule);
  checkSensitivity(options);
  const { tables } = await readTables(file);
  const key = await keyOf(model, options);
  const known = options.known ?? tables[key];
  const onMeasured = async (table: MeasuredTable): Promise<void> => {
    await writeTables(file, key, table);
    await options.onMeasured?.(table);
  };
  return sensitivity(model, { ...options, ...(known && { known }), onMeasured });
}

async function readTables(file: string): Promise<TableFile> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { format, tables: {} };
    throw error;
  }
  try {
    const read = JSON.parse(text) as Partial<TableFile> | null;
    if (read?.format === format && Object.values(Object(read.tables) as object).every(aMeasuredTable.holds))
      return { format, tables: Object(read.tables) as TableFile['tables'] };
  } catch {
    // Said below.
  }
  throw new FormatError(file, 0, 'is no file of sensitivities; give another one, which is made');
}

/** What is there by now stays: others may measure other models meanwhile. */
async function writeTables(file: string, key: string, table: MeasuredTable): Promise<void> {
  const { tables } = await readTables(file);
  await writeFileAtomic(file, `${JSON.stringify({ format, tables: { ...tables, [key]: table } }, undefined, 2)}\n`);
}

/** A digest of all that the numbers of a table follow from. */
async function keyOf(model: Module, options: SensitivityOptions): Promise<string> {
  const { data, by = 'loss', examples = 1024, seed = 0, latency = false, loss = trainedBy(model) } = options;
  const hash = createHash('sha256');
  const note = (value: unknown): void => void hash.update(`${JSON.stringify(sorted(value as Json))}\n`);
  const { tensors, descriptions } = await packWeights(model);
  note(model.config());
  note(descriptions);
  for (const [name, { bytes, dtype, shape }] of [...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    note([name, dtype, [...shape]]);
    hash.update(bytes);
  }
  note({
    by,
    examples,
    seed,
    // Times are of the device.
    latency: latency !== false && (model.parameters()[0]?.device.name ?? true),
    loss: typeof loss === 'string' ? loss : loss && ((lossConfig(loss) as Json | undefined) ?? String(loss)),
  });
  const calibrated = options.options.map(({ calibrate }) => Number(Object(calibrate)['examples'] ?? 1024));
  for (const split of [data.train, data.validate]) await digestData(split, Math.max(examples, ...calibrated), hash);
  return hash.digest('hex');
}

/** Takes in the examples that a measurement sees, or as many spread in the same way, and how many there are. */
async function digestData(
  data: Dataset | undefined,
  examples: number,
  hash: ReturnType<typeof createHash>,
): Promise<void> {
  hash.update(`${data?.size ?? 'none'}\n`);
  if (!data) return;
  const rows = spreadExamples(data.size, examples);
  for (let begin = 0; begin < rows.length; begin += 256) {
    const { x, y } = await data.batch(rows.subarray(begin, begin + 256));
    for (const tensor of [x, y]) {
      hash.update(`${tensor.dtype} ${tensor.shape.join()}\n`);
      hash.update(await tensor.bytes());
      tensor.dispose();
    }
  }
}
