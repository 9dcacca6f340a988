/** Ranges of HTTP: which bytes of a file are asked for. */

/** From a byte to before another. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/**
 * What a header `Range` asks for of so many bytes: undefined for all, also where it asks for several ranges or what is no range,
 * as servers may; `outside` where there is no byte of it.
 */
export function rangeOf(header: string | undefined, size: number): Range | 'outside' | undefined {
  const { first = '', last = '' } = /^bytes=(?<first>\d*)-(?<last>\d*)$/u.exec(header ?? '')?.groups ?? {};
  if (first === '' && last === '') return undefined;
  const begin = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (first !== '' && last !== '' && Number(last) < begin) return undefined;
  return begin < end ? { begin, end } : 'outside';
}
