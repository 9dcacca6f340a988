/** Values as errors show them. */

/** How much of a value is shown: characters of a text, items of a list or object, and levels of either. */
const [longest, mostItems, mostLevels] = [60, 8, 3];

/** The beginning of a text. */
export const brief = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text);

/** As much of a value as is shown, as JSON can have it. */
function excerpt(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return brief(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return brief(value.toString());
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return `a value of type ${typeof value}`;
  if (levels === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, mostItems).map((item) => excerpt(item, levels - 1));
  const entries = Object.entries(value).slice(0, mostItems);
  return Object.fromEntries(entries.map(([key, item]) => [brief(key), excerpt(item, levels - 1)]));
}

/** A value on one line, as JSON has it where it has it, and never long, however large, deep or circular the value is. */
export function quote(value: unknown): string {
  const isPlain = value === undefined || typeof value === 'number' || typeof value === 'bigint';
  return isPlain ? String(value) : JSON.stringify(excerpt(value, mostLevels));
}
