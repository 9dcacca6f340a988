/** Loads saved models on behalf of a user, whose mistake a missing file is. */
import { loadOptimized } from '@espalier/optimize/node';
import { brief } from '@espalier/search';
import type { Device } from '@espalier/tensor';
import { UsageError } from '../errors.ts';
import { firstLine } from '../text/first-line.ts';
import { systemProblem } from '../text/system-problem.ts';

/** The errors that say themselves which file is wrong, or are not about a file. */
const clear = new Set(['FormatError', 'StateError', 'DeviceError', 'OutOfMemoryError']);

/**
 * Loads a saved model for a command.
 * @throws {UsageError} when its files are missing, cannot be read, or describe what cannot be built.
 */
export async function loadModelFolder(
  folder: string,
  options: { readonly device?: Device } = {},
): ReturnType<typeof loadOptimized> {
  try {
    return await loadOptimized(folder, options);
  } catch (error) {
    if (!(error instanceof Error) || clear.has(error.name)) throw error;
    const problem = systemProblem(error);
    throw new UsageError(
      problem ?? `${folder}: config.json describes no model: ${brief(firstLine(error.message), 300)}`,
    );
  }
}
