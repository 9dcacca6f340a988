/** Joins the parts of a dotted name; empty parts vanish. */
export function dotted(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('.');
}
