/** Models by the folder or the file that they are in, for commands that work on folders. */
import { saveOptimized } from '@espalier/optimize/node';
import { openDevice } from '@espalier/pipeline';
import { withTemporaryFolder } from '../output/temporary-folder.ts';

import { UsageError } from '../errors.ts';
import type { FileModelOptions } from './described-model.ts';
import { importFile } from './import-file.ts';
import { checkModelFolder, isFile } from './model-file.ts';

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
