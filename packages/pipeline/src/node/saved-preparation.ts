/** The preparation that was saved with a model. */
import { ConfigError } from '@espalier/nn';
import { UsageError } from '../errors.ts';

/**
 * What reading it gives.
 * @throws {UsageError} naming the folder of the model, for one that is damaged.
 */
export function savedPreparation<Kind>(folder: string, read: () => Kind): Kind {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(`${folder}: its preparation is damaged: ${error.message}`);
    throw error;
  }
}
