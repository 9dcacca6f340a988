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
  return JSON.parse(text, (_key, item: { readonly [marker]?: unknown } | null) => {
    const word = item?.[marker];
    return typeof word === 'string' ? Number(word) : item;
  });
}
