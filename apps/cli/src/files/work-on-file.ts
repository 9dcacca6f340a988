/** Passes on the model in a file: by its weights alone, without data and without training. */
import { tensorDataset, type Dataset, type Json, type Module } from '@espalier/nn';
import { recordsJson, runRecipe, type Pass } from '@espalier/optimize';
import { folderBytes, loadOptimized, saveOptimized } from '@espalier/optimize/node';
import { openDevice, type DeviceKind } from '@espalier/pipeline';
import { zeros } from '@espalier/tensor';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { checkOutputFile } from '../output/output-file.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { withTemporaryFolder } from '../output/temporary-folder.ts';
import { formatBytes, formatCount, formatPercent } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { refuseForeign, type FileModelOptions } from './described-model.ts';
import { formatOf, isOnnx, withModelFile, type OpenedModel } from './model-file.ts';
import { describeOnnxOrigin, readOnnx, writeOnnx } from './onnx-file.ts';
import { bytesOfFile, heldAsNumbers, writeChanged, writeModel, writeReshaped, type TensorFile } from './write-model.ts';

/** Names of parameters, as an option of a pass. */
export type Include = { readonly include?: readonly string[] };

/** What is done to the model in a file. */
export interface FileWork extends FileModelOptions {
  /** The command's name. */
  readonly command: string;
  readonly from: string;
  readonly output: string;
  readonly overwrite?: boolean;
  readonly device?: 'auto' | 'cpu' | 'webgpu' | 'reference';
  readonly seed: number;
  /** The pass on parameters of these names; undefined for those that it chooses itself. */
  readonly pass: (include: Include) => Pass;
  /** Whether it changes shapes: it follows what an example goes through, whatever that is. */
  readonly reshapes?: boolean;
}

/** What a model in a file takes. */
interface FileFigures {
  readonly parameters: number;
  readonly nonZeros: number;
  readonly bytes: number;
}

async function countWeights(model: Module): Promise<Omit<FileFigures, 'bytes'>> {
  let [parameters, nonZeros] = [0, 0];
  for (const parameter of model.parameters()) {
    const values = await parameter.value.data();
    parameters += values.length;
    for (const value of values) if (value !== 0) nonZeros += 1;
  }
  return { parameters, nonZeros };
}

/** Matrices that are weights by their names, of a model whose layers are not known: those of LSTMs and attention are, too. */
function weightsOf({ imported: { by, module } }: OpenedModel): Include {
  if (by !== 'tensors') return {};
  const matrices = [...module.namedParameters()].filter(([, { shape }]) => shape.length >= 2).map(([name]) => name);
  const weights = matrices.filter((name) => /(?:^|[._])weight(?:_[^.]*)?$/u.test(name));
  return matrices.length === 0 ? {} : { include: weights.length > 0 ? weights : matrices };
}

/** What a model folder says of the file that it was made of. */
export function describeOrigin({ source, imported }: OpenedModel): { readonly [key: string]: Json } {
  const { by, names } = imported;
  const renamed = [...names].filter(([own, name]) => own !== name);
  return { imported: { format: source.format, by, ...(renamed.length > 0 && { names: Object.fromEntries(renamed) }) } };
}

/** What is to be said beside figures. */
function notesOn({ imported, source }: OpenedModel): string[] {
  const { by, note } = imported;
  if (note !== undefined) return [`its layers are not known (${note}): it was worked on by its weights alone`];
  return by === 'tensors' ? [`${source.name} holds tensors alone: they were worked on by their names and shapes`] : [];
}

/** A model that is worked on, and how it is written. */
interface Workpiece {
  readonly module: Module;
  /** What a pass works on. */
  readonly include: Include;
  /** What a model folder says of where it is from, and of an example. */
  readonly origin: { readonly [key: string]: Json };
  readonly notes: readonly string[];
  /** Writes what became of it; gives what the format does not say, in words. */
  readonly write: (file: TensorFile, model: Module) => Promise<readonly string[]>;
}

/** A model with its weights as files of our own hold them: in codes. */
function inCodes(model: Module): Promise<Module> {
  return withTemporaryFolder(async (folder) => {
    await saveOptimized(folder, model, {});
    return (await loadOptimized(folder)).model;
  });
}

/**
 * Zeros in the shape of an example, which shows how sizes go through a model.
 * @throws {UsageError} where nobody says the shape.
 */
function oneExample(from: string, input: Json | undefined): Dataset {
  if (!Array.isArray(input))
    throw new UsageError(
      `${from}: how sizes go through a model shows an example: give its shape, as --input 3,224,224`,
    );
  return tensorDataset(zeros([1, ...(input as readonly number[])]), zeros([1], { dtype: 'i32' }));
}

/** Makes a model of a file, and lends it out. */
async function withWorkpiece<Result>(
  path: string,
  { reshapes = false, ...options }: FileModelOptions & Pick<FileWork, 'reshapes'>,
  use: (piece: Workpiece) => Promise<Result>,
): Promise<Result> {
  refuseForeign(path, options);
  const { input } = options;
  if (isOnnx(path)) {
    const module = await readOnnx(path, options.fixed);
    return use({
      module,
      include: {},
      origin: describeOnnxOrigin(module, input),
      notes: [],
      write: async (file, model) =>
        file.format === 'onnx' ? writeOnnx(file, model) : writeModel(file, model, new Map()),
    });
  }
  return withModelFile(path, options, (opened) =>
    use({
      module: opened.imported.module,
      include: weightsOf(opened),
      origin: { ...describeOrigin(opened), ...(input && { input: [...input] }) },
      notes: notesOn(opened),
      write: (file, model) =>
        file.format === 'onnx'
          ? writeOnnx(file, model, input)
          : reshapes
            ? writeReshaped(file, opened, model)
            : writeChanged(file, opened, model),
    }),
  );
}

/** Runs what computes in this thread, and tells of its kernels where that is asked for. */
function profiledHere<Result>(
  session: Session,
  kind: DeviceKind,
  name: string,
  run: () => Promise<Result>,
): Promise<Result> {
  const { profiling } = session;
  return profiling ? profiling.here(session, kind, name, run) : run();
}

/**
 * Works on the model in a file, writes it, and shows what came of it.
 * @throws {UsageError} for a pass that needs data, and where the output may not be written.
 */
export async function workOnFile(session: Session, work: FileWork): Promise<void> {
  const { command, from, output, overwrite = false, device = 'cpu', seed, pass, reshapes = false } = work;
  const format = formatOf(output);
  const file = { path: output, overwrite, sources: [from] };
  const { needs } = pass({});
  if (needs !== 'nothing' && !reshapes)
    throw new UsageError(
      `${from}: this needs data for ${needs}, and without it a model in a file is worked on by its weights alone: give --data, or choose another --method`,
    );
  if (format === 'onnx' && !isOnnx(from) && work.input === undefined)
    throw new UsageError(
      `${output}: ONNX says what layers compute, on what: give the shape of one example, as --input 3,224,224, and --model where ${from} does not say its layers`,
    );
  if (format !== undefined) await checkOutputFile(file);
  const { kind } = await openDevice(device);
  const made = await profiledHere(session, kind, command, () =>
    withWorkpiece(from, work, async (piece) => {
      const { module, include, origin } = piece;
      const bytes = bytesOfFile(from);
      const before = { ...(await countWeights(module)), bytes };
      const data = reshapes ? { data: { train: oneExample(from, origin['input']) } } : {};
      const { model, records } = await runRecipe(module, [pass(include)], { seed, ...data });
      const counted = await countWeights(model);
      const done = { before, summaries: records.map(({ summary }) => summary) };
      const notes = [...piece.notes];
      if (format !== undefined) {
        const written = command === 'quantize' && format === 'onnx' ? await inCodes(model) : model;
        notes.push(...(await piece.write({ ...file, format }, written)));
        if (command === 'quantize' && format !== 'onnx') notes.push(heldAsNumbers(output));
        return { ...done, notes, after: { ...counted, bytes: bytesOfFile(output) } };
      }
      const request = { path: output, command, overwrite, sources: [from], bytes: 65_536 + 2 * bytes };
      await withOutputFolder({ ...request, profiling: session.profiling }, async ({ work: folder, complete }) => {
        await saveOptimized(folder, model, { metadata: origin, optimization: recordsJson(records) });
        await complete();
      });
      return { ...done, notes, after: { ...counted, bytes: await folderBytes(output) } };
    }),
  );
  session.result({ output, ...made }, () => {
    const { before, after, summaries, notes } = made;
    const cells = [
      ['parameters', formatCount(before.parameters), formatCount(after.parameters)],
      ['non-zero', formatCount(before.nonZeros), formatCount(after.nonZeros)],
      ['share', ...[before, after].map((each) => formatPercent(each.nonZeros / each.parameters, 1))],
      ['bytes', formatBytes(before.bytes), formatBytes(after.bytes)],
    ];
    const right = { align: 'right' } as const;
    const columns = [{ heading: '' }, { heading: 'before', ...right }, { heading: 'after', ...right }];
    const said = [...summaries, ...notes].map((line) => `\n${line}`).join('');
    return `${renderTable(columns, cells, session.stdout)}\n${said}\nwritten to ${output}`;
  });
}
