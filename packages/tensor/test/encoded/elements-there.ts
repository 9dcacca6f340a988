// Which elements of a matrix are there in a format, in plain loops: what the words of the formats say, and nothing of their arrays.
import type { DrawnMatrix, FormatCase } from './formats.ts';

type Rule = (drawn: DrawnMatrix, options: Readonly<Record<string, unknown>>) => (element: number) => boolean;

const whatIsNotZero: Rule = ({ values }) => {
  return (element) => values[element] !== 0;
};

/** By the name of a format; in others all are. */
const rules: Readonly<Record<string, Rule>> = {
  csr: whatIsNotZero,
  bitmask: whatIsNotZero,
  blocks: ({ shape: [rows, columns], values }, { height, width }) => {
    const [down, across] = [Number(height), Number(width)];
    return (element) => {
      const top = Math.floor(Math.floor(element / columns) / down) * down;
      const left = Math.floor((element % columns) / across) * across;
      for (let row = top; row < Math.min(rows, top + down); row++)
        for (let column = left; column < Math.min(columns, left + across); column++)
          if (values[row * columns + column] !== 0) return true;
      return false;
    };
  },
  // The n largest of a group; zeros come last, the first of them first.
  'n-of-m': ({ shape: [, columns], values }, { n, m }) => {
    return (element) => {
      const begin = element - ((element % columns) % Number(m));
      const size = Math.min(Number(m), columns - (begin % columns));
      const magnitude = (place: number): number => Math.abs(values[begin + place] as number);
      const order = Array.from({ length: size }, (_, place) => place).toSorted((a, b) => magnitude(b) - magnitude(a));
      return order.slice(0, Number(n)).includes(element - begin);
    };
  },
};

/** For each element, row by row, whether it is there. */
export function elementsThere(drawn: DrawnMatrix, { format, options }: FormatCase): readonly boolean[] {
  const isThere = rules[format.name]?.(drawn, options as Readonly<Record<string, unknown>>);
  return Array.from(drawn.values, (_, element) => isThere?.(element) ?? true);
}
