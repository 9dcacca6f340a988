/** Models that were made of others by data, as files: a module of PyTorch goes back as that module. */
import type { Module, Parameter } from '@espalier/nn';
import { loadModelFolder } from '@espalier/pipeline/node';
import type { FileModelOptions } from './described-model.ts';
import { isFile, isOnnx, withModelFile, type OpenedModel } from './model-file.ts';
import { inputOf, originalNames } from './of-folder.ts';
import { writeOnnx } from './onnx-file.ts';
import { heldAsNumbers, isWholeModule, writeModel, writeReshaped, type TensorFile } from './write-model.ts';

/** What a model was made of: a folder, or a file with what was said of it. */
export interface Origin extends FileModelOptions {
  readonly path: string;
  /** Whether another model was made of it, and not itself changed: a student. */
  readonly isTeacher?: boolean;
}

/** Whether a weight was rounded to codes, which files of tensors have no form for. */
const isInCodes = (parameter: Parameter): boolean =>
  parameter.stored
    ? parameter.stored.matrix.arrays['scales'] !== undefined
    : parameter.views.some(({ name }) => name === 'fake-quantize');

function noteOnCodes({ path }: TensorFile, model: Module): readonly string[] {
  const count = model.parameters().filter(isInCodes).length;
  return count === 0 ? [] : [heldAsNumbers(path, ` of ${count} weights`)];
}

/** Whether a model has the parameters that the file has, whatever their shapes. */
function isOfFile({ imported: { names } }: OpenedModel, model: Module): boolean {
  const [parameters, buffers] = [model.namedParameters(), model.namedBuffers()];
  return (
    [...parameters.keys()].every((name) => names.has(name)) &&
    [...names.keys()].every((name) => parameters.has(name) || buffers.has(name))
  );
}

/**
 * Writes the model of a folder as a file of the format that its name ends with; gives what is lost, in words.
 * @throws {UsageError} for ONNX where nobody says what an example is.
 */
export async function writeFolderAs(file: TensorFile, folder: string, origin: Origin): Promise<readonly string[]> {
  const { model, metadata } = await loadModelFolder(folder);
  if (file.format === 'onnx') return writeOnnx(file, model, inputOf(folder, model, metadata, undefined));
  const codes = noteOnCodes(file, model);
  const names = origin.isTeacher === true ? new Map<string, string>() : originalNames(metadata);
  const plain = async (): Promise<readonly string[]> => [...(await writeModel(file, model, names)), ...codes];
  const { path, ...options } = origin;
  if (file.format !== 'pytorch' || !isFile(path) || isOnnx(path)) return plain();
  return withModelFile(path, options, async (opened) => {
    if (origin.isTeacher !== true && isOfFile(opened, model))
      return [...(await writeReshaped(file, opened, model)), ...codes];
    const note = `${path} holds a module, and other layers were made of it: ${file.path} is a state dict`;
    return [...(await plain()), ...(isWholeModule(opened) ? [note] : [])];
  });
}
