/** JSON with the numbers that it lacks, as storages write it, read with a bound on its depth. */

const marker = '$number';

/**
 * Text of a value for storage. NaN and the infinities, which a diverging learning curve is full of
 * and JSON has no word for, are written as `{"$number":"NaN"}`.
 */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? { [marker]: String(item) } : item,
  );
}

/** How deep a text may be nested: as deep as a study's data may be, and what is around them. */
const deepest = 500;

/** Whether a text of JSON is nested deeper than it may be: reading it would need more stack than there is. */
function isTooDeep(text: string): boolean {
  if (text.length < 2 * deepest) return false;
  let [depth, quoted] = [0, false];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

/**
 * Reads what {@link encode} wrote.
 * @throws {SyntaxError} when the text is not JSON, or nested deeper than 500 levels.
 */
export function decode(text: string): unknown {
  if (isTooDeep(text)) throw new SyntaxError(`it is nested deeper than ${deepest} levels`);
  // Looking at every value costs more than reading them all, and few texts have such numbers.
  if (!text.includes(`"${marker}"`)) return JSON.parse(text) as unknown;
  return JSON.parse(text, (_key, item: { readonly [marker]?: unknown } | null) => {
    const word = item?.[marker];
    return typeof word === 'string' ? Number(word) : item;
  }) as unknown;
}
