/** How much of a value a message quotes: strings by characters, the others by items and by levels. */
const longest = 60;
const mostItems = 8;
const mostLevels = 3;

function part(value: unknown, levels: number): string {
  if (typeof value === 'string') return JSON.stringify(brief(value, longest));
  if (typeof value !== 'object' || value === null) return String(value);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const keys = Object.keys(value);
  if (levels === 0 && keys.length > 0) return `${open}…${close}`;
  const parts = keys.slice(0, mostItems).map((key) => {
    const shown = part(Reflect.get(value, key), levels - 1);
    return Array.isArray(value) ? shown : `${part(key, 0)}:${shown}`;
  });
  if (keys.length > mostItems) parts.push('…');
  return `${open}${parts.join(',')}${close}`;
}

/** The beginning of a text that is longer than so many characters. */
export function brief(text: string, most = 10_000): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** A value as a message quotes it: as JSON, but never longer than a few lines, however large and deep the value is. */
export function quote(value: unknown): string {
  return part(value, mostLevels);
}

/** A value as a message quotes what somebody typed: texts in single quotes, the rest as `quote` has it. */
export function showValue(value: unknown): string {
  return typeof value === 'string' ? `'${brief(value, longest)}'` : quote(value);
}
