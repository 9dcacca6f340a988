/** Files of trained models as arguments of commands: ONNX, PyTorch's, safetensors, GGUF, arrays of NumPy. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { containerTypes, findContainer, openPyTorch, type ImportedModel, type TensorSource } from '@espalier/models';
import { fileBytes, openTensorFile } from '@espalier/models/node';
import { UsageError } from '../errors.ts';
import { modelOfSource, type FileModelOptions } from './described-model.ts';

/** Whether a path is a file, or leads to one: anything else, such as a pipe, may never end. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const endingOf = (path: string): string => /\.([^./\\]+)$/u.exec(path)?.[1]?.toLowerCase() ?? '';

/** Whether a name is that of an ONNX model, which no first bytes tell from other files. */
export function isOnnx(path: string): boolean {
  return endingOf(path) === 'onnx';
}

/** The format that the ending of a name stands for, among those that are written; undefined for a folder. */
export function formatOf(path: string): string | undefined {
  if (isOnnx(path)) return 'onnx';
  const ending = endingOf(path);
  return containerTypes.find((type) => {
    const { write, extensions } = findContainer(type);
    return write !== undefined && extensions.includes(ending);
  });
}

/**
 * Opens a file of tensors. With a key, the tensors that a file of PyTorch has under it.
 * @throws {UsageError} for a key of another format.
 */
export async function openModelFile(path: string, key: string | undefined): Promise<TensorSource> {
  if (key === undefined) return openTensorFile(path);
  const source = await fileBytes(path);
  try {
    return await openPyTorch(source, { key });
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** A file, open, and the model that it is. */
export interface OpenedModel {
  readonly source: TensorSource;
  readonly imported: ImportedModel;
}

/**
 * Opens a file, makes a model of it, and lends both out.
 * @throws {UsageError} when there is nothing in it to work on.
 */
export async function withModelFile<Result>(
  path: string,
  options: FileModelOptions,
  use: (opened: OpenedModel) => Promise<Result>,
): Promise<Result> {
  const source = await openModelFile(path, options.key);
  try {
    const imported = await modelOfSource(source, options);
    if (imported.names.size === 0) throw new UsageError(`${path}: there are no floats in it to work on`);
    return await use({ source, imported });
  } finally {
    await source.close();
  }
}

/**
 * Makes sure that a folder holds a saved model, before anything is started.
 * @throws {UsageError} when it does not.
 */
export function checkModelFolder(folder: string): void {
  const missing = ['config.json', 'model.safetensors'].find((file) => !isFile(join(folder, file)));
  if (missing === undefined) return;
  if (isFile(folder))
    throw new UsageError(
      `${folder}: this is a file, and what is asked for needs a folder: make one of it by espalier import`,
    );
  if (!existsSync(folder) && formatOf(folder) !== undefined) throw new UsageError(`${folder}: there is no such file`);
  const problem = existsSync(folder) ? `there is no ${missing} in it` : 'there is no such folder';
  throw new UsageError(`${folder}: ${problem}: give the folder of a saved model, such as runs/quickstart/searched`);
}
