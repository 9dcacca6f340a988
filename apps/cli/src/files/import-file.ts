/** The model in a file, and what a folder of it says of where it is from. */
import type { Json, Module } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import { modelOfSource, refuseForeign, type FileModelOptions } from './described-model.ts';
import { isFile, isOnnx, openModelFile } from './model-file.ts';
import { describeOnnxOrigin, readOnnx } from './onnx-file.ts';
import { describeOrigin } from './work-on-file.ts';

/** What came of a file. */
export interface FileModel {
  readonly module: Module;
  /** What a folder says of it. */
  readonly metadata: { readonly [key: string]: Json };
  readonly by: string;
  readonly note: string | undefined;
  /** Tensors of the file that the model has not. */
  readonly others: readonly string[];
  /** Those of them that are no ties. */
  readonly left: readonly string[];
}

async function importTensors(file: string, options: FileModelOptions): Promise<FileModel> {
  const { key, input } = options;
  const source = await openModelFile(file, key);
  try {
    const model = await modelOfSource(source, options);
    const { module, by, note, others } = model;
    const metadata = { ...describeOrigin({ source, imported: model }), ...(input && { input: [...input] }) };
    return { module, metadata, by, note, others, left: others.filter((name) => !source.ties.has(name)) };
  } finally {
    await source.close();
  }
}

async function importGraph(file: string, { fixed, input }: FileModelOptions): Promise<FileModel> {
  const module = await readOnnx(file, fixed);
  return { module, metadata: describeOnnxOrigin(module, input), by: 'graph', note: undefined, others: [], left: [] };
}

/**
 * Makes a model of a file.
 * @throws {UsageError} when it is not there, and for options of other files.
 */
export async function importFile(file: string, options: FileModelOptions): Promise<FileModel> {
  if (!isFile(file)) throw new UsageError(`${file}: there is no such file`);
  refuseForeign(file, options);
  return isOnnx(file) ? importGraph(file, options) : importTensors(file, options);
}
