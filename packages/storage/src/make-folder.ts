/** Folders made one by one, which ends on every file system. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing, one by one: the system's own recursion never ends where a file
 * system takes no folders and says that they are not there, as /proc does.
 * @throws {Error} the system's, when one cannot be made.
 */
export function makeFolder(path: string): void {
  const whole = resolve(path);
  if (existsSync(whole)) return;
  if (dirname(whole) !== whole) makeFolder(dirname(whole));
  try {
    mkdirSync(whole);
  } catch (error) {
    // Somebody else made it meanwhile.
    if (statSync(whole, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
