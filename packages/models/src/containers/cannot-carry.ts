/** Saying what a format has no place for, before anything is written. */
import { FormatError } from '@espalier/nn';

/** How many of them a message shows. */
const most = 8;

/**
 * Refuses to write.
 * @throws {FormatError} listing what a format cannot carry, if anything.
 */
export function refuseWhat(format: string, losses: readonly string[], remedy: string): void {
  if (losses.length === 0) return;
  const rest = losses.length > most ? ` and ${losses.length - most} more` : '';
  throw new FormatError(format, 0, `cannot carry ${losses.slice(0, most).join('; ')}${rest}; ${remedy}`);
}
