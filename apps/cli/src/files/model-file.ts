/** Files of trained models as arguments of commands: ONNX, PyTorch's, safetensors, GGUF, arrays of NumPy. */
import { statSync } from 'node:fs';
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
