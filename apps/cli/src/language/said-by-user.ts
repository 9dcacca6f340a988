/** What packages refuse of what a user said is a mistake of the command line, and no failure. */
import { ArgumentError } from '@espalier/tensor';
import { UsageError } from '../errors.ts';

/**
 * Does what the user's options decide about.
 * @throws {UsageError} for options that cannot be.
 */
export async function saidByUser<Result>(run: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ArgumentError) throw new UsageError(error.message);
    throw error;
  }
}
