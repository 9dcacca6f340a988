/** Models by the folder or the file that they are in, for commands that work on folders. */
import { saveOptimized } from '@espalier/optimize/node';
import { openDevice } from '@espalier/pipeline';
import { loadModelFolder } from '@espalier/pipeline/node';
import { withTemporaryFolder } from '../output/temporary-folder.ts';

import { UsageError } from '../errors.ts';
import type { FileModelOptions } from './described-model.ts';
import { importFile } from './import-file.ts';
import { checkModelFolder, isFile } from './model-file.ts';
import { inputOf, originalNames } from './of-folder.ts';
import { writeOnnx } from './onnx-file.ts';
import { writeModel, type TensorFile } from './write-model.ts';

/**
 * Lends out the folder of a model: the one that was named, or one that a file is imported to for the time.
 * @throws {UsageError} when there is no model, when nothing is known of its layers, and for options of a file that are said of a folder.
 */
export async function withModelFolder<Result>(
  path: string,
  options: FileModelOptions,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  if (!isFile(path)) {
    const given = (['key', 'model', 'names', 'input', 'fixed'] as const).filter((name) => options[name] !== undefined);
    checkModelFolder(path);
    if (given.length > 0)
      throw new UsageError(`${path}: a folder says itself what its model is: leave out ${given.map((name) => `--${name}`).join(', ')}`); // prettier-ignore
    return use(path);
  }
  await openDevice('cpu');
  const { module, metadata, by, note } = await importFile(path, options);
  if (by === 'tensors')
    throw new UsageError(
      `${path}: its layers are not known${note === undefined ? '' : ` (${note})`}: say what they are by --model, such as --model resnet-18`,
    );
  return withTemporaryFolder(async (folder) => {
    await saveOptimized(folder, module, { metadata });
    return use(folder);
  });
}

/** Writes the model of a folder as a file of the format that its name ends with; gives what is lost, in words. */
export async function writeFolderAs(file: TensorFile, folder: string): Promise<readonly string[]> {
  const { model, metadata } = await loadModelFolder(folder);
  if (file.format === 'onnx') return writeOnnx(file, model, inputOf(folder, model, metadata, undefined));
  return writeModel(file, model, originalNames(metadata));
}
