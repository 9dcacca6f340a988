/** What templates ask of Python, where the library does something else: characters to strip, and values as texts. */
import type { TemplateValue } from './jinja.ts';

/** Ways to strip characters, and the ends that each is of. */
const ends: Readonly<Record<string, readonly [boolean, boolean]>> = {
  strip: [true, true],
  lstrip: [true, false],
  rstrip: [false, true],
};

/** Whether a method strips characters. */
export const isStrip = (method: string): boolean => Object.hasOwn(ends, method);

/** A text without some characters at its ends. */
export function stripped(text: string, method: string, characters: string): string {
  const [atStart, atEnd] = ends[method] ?? [false, false];
  const all = Array.from(text);
  const some = new Set(characters);
  let [from, to] = [0, all.length];
  while (atStart && from < to && some.has(all[from] as string)) from++;
  while (atEnd && to > from && some.has(all[to - 1] as string)) to--;
  return all.slice(from, to).join('');
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A text between quotes. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replaceAll(/[\\\n\r\t]/gu, (character) => escapes[character] ?? character);
  return quote + (quote === "'" ? inner.replaceAll("'", "\\'") : inner) + quote;
}

/** How a value stands within another one. */
const within = (value: TemplateValue): string =>
  typeof value.value === 'string' ? quoted(value.value) : pythonText(value);

/** A value as a text. */
export function pythonText(value: TemplateValue): string {
  const inner = value.value;
  // The library gives nothing a value that is undefined, too.
  if (value.type === 'NullValue') return 'None';
  if (inner === undefined) return '';
  if (typeof inner === 'boolean') return inner ? 'True' : 'False';
  if (Array.isArray(inner)) return `[${(inner as readonly TemplateValue[]).map(within).join(', ')}]`;
  if (!(inner instanceof Map)) return (value as { readonly toString: () => string }).toString();
  const entries = [...(inner as ReadonlyMap<string, TemplateValue>)];
  return `{${entries.map(([key, each]) => `${quoted(key)}: ${within(each)}`).join(', ')}}`;
}
