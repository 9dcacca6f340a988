/** Any value that JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** An object that JSON can hold. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Whether a value read from JSON is an object (not an array, not null). */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

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

/**
 * Reads what {@link encode} wrote.
 * @throws SyntaxError when the text is not JSON.
 */
export function decode(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => {
    if (!isObject(item)) return item;
    const word = item[marker];
    return typeof word === 'string' ? Number(word) : item;
  });
}
