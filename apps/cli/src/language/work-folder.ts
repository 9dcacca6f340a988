/** A folder beside an output, where finished layers lie until the output is written. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PartStore } from '@espalier/language';
import { partFolder } from '@espalier/language/node';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';

/** Such a folder. */
export interface WorkFolder {
  readonly parts: PartStore;
  /** Removes it with all that is in it. */
  readonly remove: () => void;
}

/**
 * Opens the folder of some work, and tells of what an earlier command left in it.
 * @param kind what lies in it, which its name ends with: `layers`
 * @throws {UsageError} for a folder of somebody's, which would be removed in the end.
 */
export function workFolder(session: Session, output: string, kind: string): WorkFolder {
  const folder = `${output}.${kind}`;
  if (existsSync(folder)) {
    if (!isOfWork(folder))
      throw new UsageError(`${folder}: finished ${kind} are to lie there, and it is something else; move it`);
    session.log(`goes on from the ${kind} in ${folder}`);
  }
  return { parts: partFolder(folder), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Whether a folder says what work it is of, or has what is left of a first write that was ended, if anything. */
function isOfWork(folder: string): boolean {
  if (!statSync(folder).isDirectory()) return false;
  return (
    existsSync(join(folder, 'work.json')) || readdirSync(folder).every((name) => /^\.work\.json\..+\.tmp$/u.test(name))
  );
}
