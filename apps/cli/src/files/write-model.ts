/** Models as files of other programs, by the ending of a name. */
import { statSync } from 'node:fs';
import {
  carriedTensor,
  changedTensors,
  findContainer,
  writePyTorchLike,
  writtenTensor,
  type PyTorchSource,
  type TensorSource,
  type WrittenTensor,
} from '@espalier/models';
import { writeFileBy } from '@espalier/models/node';
import type { Module } from '@espalier/nn';
import { strip } from '@espalier/optimize';
import { UsageError } from '../errors.ts';
import { writeOutputFile, type FileRequest } from '../output/output-file.ts';
import type { OpenedModel } from './model-file.ts';

/** Where tensors go. */
export interface TensorFile extends FileRequest {
  /** The name of the format. */
  readonly format: string;
}

/**
 * What of tensors a format does not say again.
 * @throws {UsageError} for what it cannot hold at all.
 */
function lossesOf(format: string, { path }: FileRequest, tensors: ReadonlyMap<string, WrittenTensor>): string[] {
  const { losses } = findContainer(format);
  const lost = losses?.(tensors) ?? [];
  if (lost.length > 0)
    throw new UsageError(`${path}: ${format} cannot carry ${lost.slice(0, 8).join(', ')}: write another format`);
  const tied = tensors.size - new Set(tensors.values()).size;
  return tied === 0 || format === 'pytorch' ? [] : [`${tied} tied tensors are written again: ${format} has no ties`];
}

/** Writes tensors, and gives what the format does not say of them, in words. */
export async function writeTensors(
  file: TensorFile,
  tensors: ReadonlyMap<string, WrittenTensor>,
): Promise<readonly string[]> {
  const { write } = findContainer(file.format);
  const losses = lossesOf(file.format, file, tensors);
  await writeOutputFile(file, (path) => writeFileBy(path, async (sink) => write?.(sink, tensors)));
  return losses;
}

/** What a source of PyTorch has beside what all have. */
function asPyTorch(source: TensorSource): PyTorchSource | undefined {
  return source.format === 'pytorch' ? (source as PyTorchSource) : undefined;
}

/** Writes a model that came from a file, with what was done to it. From PyTorch to PyTorch it stays what it was: a whole module, or a checkpoint. */
export async function writeChanged(
  file: TensorFile,
  { source, imported }: OpenedModel,
  model: Module,
): Promise<readonly string[]> {
  const tensors = changedTensors(source, imported, model);
  const pickled = file.format === 'pytorch' ? asPyTorch(source) : undefined;
  if (!pickled) return writeTensors(file, tensors);
  await writeOutputFile(file, (path) => writeFileBy(path, (sink) => writePyTorchLike(sink, pickled, tensors)));
  return [];
}

/** Writes the tensors of a file in another format, as they are. */
export async function convertFile(file: TensorFile, source: TensorSource): Promise<readonly string[]> {
  const tensors = new Map<string, WrittenTensor>();
  for (const name of source.tensors.keys())
    tensors.set(name, tensors.get(source.ties.get(name) ?? name) ?? carriedTensor(source, name));
  return writeTensors(file, tensors);
}

/** Writes a saved model, weights as its layers see them, under the names that it had in the file that it was made of. */
export async function writeModel(
  file: TensorFile,
  model: Module,
  names: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const plain = await strip(model);
  const first = new Map<object, WrittenTensor>();
  const tensors = new Map<string, WrittenTensor>();
  for (const [path, module] of plain.namedModules()) {
    const own = { prefix: path, own: true, repeated: true };
    const all = [
      ...[...module.namedParameters(own)].map(([name, { identity, tensor }]) => [name, identity, tensor] as const),
      ...[...module.namedBuffers(own)].map(([name, buffer]) => [name, buffer, buffer] as const),
    ];
    for (const [name, identity, tensor] of all) {
      const written = first.get(identity) ?? writtenTensor(tensor.detach().realizeSync());
      first.set(identity, written);
      tensors.set(names.get(name) ?? name, written);
    }
  }
  return writeTensors(file, tensors);
}

/** How many bytes a file has. */
export const bytesOfFile = (path: string): number => statSync(path).size;
