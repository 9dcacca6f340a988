/** Models as files of other programs, by the ending of a name. */
import { statSync } from 'node:fs';
import {
  blockTypes,
  carriedTensor,
  changedTensors,
  convertedTensor,
  fileDType,
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
import { isFloat, type Tensor } from '@espalier/tensor';
import { UsageError } from '../errors.ts';
import { writeOutputFile, type FileRequest } from '../output/output-file.ts';
import type { OpenedModel } from './model-file.ts';

/** Where tensors go. */
export interface TensorFile extends FileRequest {
  /** The name of the format. */
  readonly format: string;
  /** What floats are to be: F16, or blocks such as Q8_0. Default: what they are. */
  readonly dtype?: string;
  /** Told what is lost, before anything is written. */
  readonly say?: (note: string) => void;
}

type Tensors = ReadonlyMap<string, WrittenTensor>;
type Metadata = TensorSource['metadata'];

/** Tensors that are to be written as a source: one of them is held at a time. */
function sourceOf(path: string, tensors: Tensors): TensorSource {
  let held: { readonly of: string; readonly bytes: Buffer<ArrayBuffer> } | undefined;
  const read: TensorSource['read'] = async (name, { begin, end } = { begin: 0, end: Infinity }) => {
    if (held?.of !== name) {
      const pieces: Uint8Array[] = [];
      for await (const piece of tensors.get(name)?.values() ?? []) pieces.push(piece);
      held = { of: name, bytes: Buffer.concat(pieces) };
    }
    return new Uint8Array(held.bytes.subarray(begin, end));
  };
  return { format: '', name: path, tensors, ties: new Map(), metadata: {}, read, close: async () => undefined };
}

/**
 * Tensors in another dtype: floats, or, of blocks, matrices whose rows are whole blocks. Gives what stays as it is, in words.
 * @throws {UsageError} for a dtype that nothing is converted to.
 */
function inDType({ path, dtype }: TensorFile, tensors: Tensors): readonly [Tensors, readonly string[]] {
  if (dtype === undefined) return [tensors, []];
  const block = blockTypes.includes(dtype) ? fileDType(dtype)?.elements : undefined;
  const source = sourceOf(path, tensors);
  const [made, kept] = [new Map<WrittenTensor, WrittenTensor>(), new Array<string>()];
  for (const [name, tensor] of tensors) {
    const own = fileDType(tensor.dtype)?.dtype;
    if (made.has(tensor) || own === undefined || !isFloat(own)) continue;
    const { shape } = tensor;
    const isWhole = block === undefined || (shape.length > 1 && (shape.at(-1) as number) % block === 0);
    if (isWhole) made.set(tensor, convertedTensor(source, name, dtype));
    else if (shape.length > 1) kept.push(`${name} (rows of ${String(shape.at(-1))})`);
  }
  const rest = kept.length > 8 ? ` and ${kept.length - 8} more` : '';
  const note = `not ${dtype}, whose blocks are of ${block ?? 1}: ${kept.slice(0, 8).join(', ')}${rest}`;
  const converted = new Map([...tensors].map(([name, tensor]) => [name, made.get(tensor) ?? tensor]));
  return [converted, kept.length === 0 ? [] : [note]];
}

/**
 * What of tensors and of what a file says besides a format does not say again.
 * @throws {UsageError} for tensors that it cannot hold at all.
 */
function lossesOf(
  format: string,
  { path }: FileRequest,
  tensors: Tensors,
  metadata: Metadata,
): { readonly notes: readonly string[]; readonly metadata: Metadata } {
  const { losses } = findContainer(format);
  const lost = losses?.(tensors) ?? [];
  if (lost.length > 0)
    throw new UsageError(`${path}: ${format} cannot carry ${lost.slice(0, 8).join(', ')}: write another format`);
  const tied = tensors.size - new Set(tensors.values()).size;
  const ties =
    tied === 0 || format === 'pytorch' ? [] : [`${tied} tied tensors are written again: ${format} has no ties`];
  const keys = Object.keys(metadata);
  const isPlain = format === 'pytorch' && keys.length > 0;
  if (!isPlain && (losses?.(tensors, metadata) ?? []).length === 0) return { notes: ties, metadata };
  const why = isPlain ? 'so that load_state_dict takes what is written' : `for which ${format} has no place`;
  const rest = keys.length > 8 ? ` and ${keys.length - 8} more` : '';
  const besides = `what the file says besides is left out, ${why}: ${keys.slice(0, 8).join(', ')}${rest}`;
  return { notes: [...ties, besides], metadata: {} };
}

/** Writes tensors, and gives what the format does not say of them, in words. */
export async function writeTensors(
  file: TensorFile,
  given: Tensors,
  besides: Metadata = {},
): Promise<readonly string[]> {
  const { write } = findContainer(file.format);
  const [tensors, kept] = inDType(file, given);
  const { notes, metadata } = lossesOf(file.format, file, tensors, besides);
  for (const note of [...notes, ...kept]) file.say?.(note);
  await writeOutputFile(file, (path) => writeFileBy(path, async (sink) => write?.(sink, tensors, metadata)));
  return [...notes, ...kept];
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
  if (!pickled) return writeTensors(file, tensors, source.metadata);
  await writeOutputFile(file, (path) => writeFileBy(path, (sink) => writePyTorchLike(sink, pickled, tensors)));
  return [];
}

/** What becomes of codes in files of tensors, which have no form for them; `of` says of how many. */
export const heldAsNumbers = (path: string, of = ''): string =>
  `${path} holds the rounded values${of} as numbers: a folder (-o runs/model) holds codes`;

/** Whether a file holds a module of PyTorch, and not tensors alone. */
export const isWholeModule = ({ source }: OpenedModel): boolean => asPyTorch(source)?.state.module !== undefined;

/** A tensor in the dtype that it has in a file, where that is one to compute in. */
function asInFile(source: TensorSource, name: string, now: Tensor): WrittenTensor {
  const kind = fileDType(source.tensors.get(name)?.dtype ?? '');
  const own = now.detach();
  return writtenTensor((kind?.dtype !== undefined && kind.isOwn ? own.cast(kind.dtype) : own).realizeSync());
}

/** Writes a model that came from a file and was trained, or has other shapes now. To PyTorch it stays what it was, where shapes do; else it is a state dict, with what counts beside its weights. */
export async function writeReshaped(
  file: TensorFile,
  { source, imported }: OpenedModel,
  model: Module,
): Promise<readonly string[]> {
  const plain = await strip(model);
  const own = new Map([...imported.names].map(([name, theirs]) => [theirs, name]));
  const parameters = plain.namedParameters();
  const buffers = plain.namedBuffers();
  const tensors = new Map<string, WrittenTensor>();
  for (const name of source.tensors.keys()) {
    const tied = tensors.get(source.ties.get(name) ?? '');
    const at = own.get(name) ?? '';
    const now = parameters.get(at)?.tensor ?? buffers.get(at);
    tensors.set(name, tied ?? (now ? asInFile(source, name, now) : carriedTensor(source, name)));
  }
  const pickled = file.format === 'pytorch' ? asPyTorch(source) : undefined;
  const isSame = [...tensors].every(([name, { shape }]) => shape.join() === source.tensors.get(name)?.shape.join());
  if (pickled && isSame) {
    await writeOutputFile(file, (path) => writeFileBy(path, (sink) => writePyTorchLike(sink, pickled, tensors)));
    return [];
  }
  const notes = await writeTensors(file, tensors, source.metadata);
  const note = `${source.name} holds a module, whose attributes say other shapes: ${file.path} is a state dict`;
  return pickled?.state.module === undefined ? notes : [...notes, note];
}

/** Writes the tensors of a file in another format, as they are. */
export async function convertFile(file: TensorFile, source: TensorSource): Promise<readonly string[]> {
  const tensors = new Map<string, WrittenTensor>();
  for (const name of source.tensors.keys())
    tensors.set(name, tensors.get(source.ties.get(name) ?? name) ?? carriedTensor(source, name));
  return writeTensors(file, tensors, source.metadata);
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
