/** Whether the first record of a table has the names of its columns: what its fields are, beside those below them. */

/** The name of a column that has none in its file. */
export const unnamed = (index: number): string => `column ${index + 1}`;

/** A field of one of the first records. */
export interface SampledField {
  readonly text: string;
  readonly isNumber: boolean;
  readonly isMissing: boolean;
}

/**
 * What a column says: 1 for a name above it, -1 for a value, 0 for neither. A field that is no number above numbers is a name, as is a
 * number above texts; a text that stands there again is a value, and one that is not among few texts which do so is a name.
 */
function voteOf(first: SampledField, below: readonly SampledField[]): -1 | 0 | 1 {
  const given = below.filter(({ isMissing }) => !isMissing);
  if (first.isMissing || given.length === 0) return 0;
  const numbers = given.filter(({ isNumber }) => isNumber).length;
  if (numbers === given.length) return first.isNumber ? 0 : 1;
  if (first.isNumber) return numbers === 0 ? 1 : 0;
  if (given.some(({ text }) => text === first.text)) return -1;
  return 2 * new Set(given.map(({ text }) => text)).size <= given.length ? 1 : 0;
}

/**
 * Whether the first record is a header. One that has a name which is known to be there is, and where all that is known are numbers of
 * columns there is none; else the columns vote, and where they are undecided a record without any number is one.
 */
export function isHeader(
  [first = [], ...others]: readonly (readonly SampledField[])[],
  known: readonly string[],
): boolean {
  if (first.some(({ text }) => known.includes(text.trim()))) return true;
  if (known.length > 0 && known.every((name) => /^column \d+$/.test(name))) return false;
  const votes = first.reduce(
    (sum, field, column) =>
      sum +
      voteOf(
        field,
        others.flatMap((record) => record.slice(column, column + 1)),
      ),
    0,
  );
  return votes === 0 ? !first.some(({ isNumber }) => isNumber) : votes > 0;
}
