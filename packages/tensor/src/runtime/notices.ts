/** What a user should know although nothing is wrong: said once, to whom the host names. */
import { anObject, aText, check } from '../arguments/rules.ts';

/** Takes a notice, a sentence that names the operation and the remedy. */
export type Warn = (notice: string) => void;

/** Set by `configure`. */
export const notices: { warn: Warn } = {
  warn: (notice) => (globalThis as { readonly console?: { readonly warn: Warn } }).console?.warn(notice),
};

const said = new WeakMap<object, Set<string>>();

/**
 * Gives a notice, a sentence that names the operation and the remedy, unless the same was given about `subject` before: to
 * `console.warn`, or to whom `configure({ warn })` names.
 */
export function warnOnce(subject: object, notice: string): void {
  check('warnOnce', 'subject', subject, anObject);
  check('warnOnce', 'notice', notice, aText);
  const about = said.get(subject) ?? new Set();
  said.set(subject, about);
  if (about.has(notice)) return;
  about.add(notice);
  notices.warn(notice);
}
