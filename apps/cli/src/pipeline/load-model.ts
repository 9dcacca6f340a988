import { loadOptimized } from '@espalier/optimize/node';
import type { Device } from '@espalier/tensor';
import { UsageError, firstLine, reportOf } from '../errors.ts';
import { shortened } from '../terminal/visible.ts';

/** The errors that say themselves which file is wrong, or are not about a file. */
const clear = new Set(['FormatError', 'StateError', 'DeviceError']);

/**
 * Loads a saved model for a command.
 * @throws UsageError when its files are missing, cannot be read, or describe what cannot be built.
 */
export async function loadModelFolder(
  folder: string,
  options: { readonly device?: Device } = {},
): ReturnType<typeof loadOptimized> {
  try {
    return await loadOptimized(folder, options);
  } catch (error) {
    if (!(error instanceof Error) || clear.has(error.name)) throw error;
    if ('code' in error) throw new UsageError(reportOf(error).message);
    throw new UsageError(`${folder}: config.json describes no model: ${shortened(firstLine(error.message), 300)}`);
  }
}
