/** Data as error messages show it: what JSON of a file or a description holds, in brief. */

/** How much of a value is shown: characters of a text, parts of a whole, levels. */
const longestText = 60;
const mostParts = 8;
const mostLevels = 3;

/** The beginning of a text for an error message, such as a name from a file, which may be of any length. */
export function brief(text: string, longest: number = longestText): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function shownPart(value: unknown, levels: number): string {
  if (typeof value === 'string') return JSON.stringify(brief(value));
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? typeof value;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const keys = Object.keys(value);
  if (levels === 0 && keys.length > 0) return `${open}…${close}`;
  const shown = keys.slice(0, mostParts).map((key) => {
    const each = shownPart(Reflect.get(value, key), levels - 1);
    return Array.isArray(value) ? each : `${shownPart(key, 0)}:${each}`;
  });
  return `${open}${[...shown, ...(keys.length > mostParts ? ['…'] : [])].join(',')}${close}`;
}

/** A value for an error message, of at most a few lines however large, deep or circular it is. */
export function show(value: unknown): string {
  return shownPart(value, mostLevels);
}
