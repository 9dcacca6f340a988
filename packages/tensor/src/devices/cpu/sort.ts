/** Stable sorting of rows. */
import { dtypes } from '../../dtype/dtype.ts';
import type { Binding, SortSpec } from '../../kernel/spec.ts';
import type { Calls, Engine } from './engine.ts';
import type { Procedure } from './program/procedures.ts';
import type { Runner } from './program/runner.ts';
import { procedureCalls } from './procedure-calls.ts';

/** What a sort works in: the keys of a row, and its positions twice. */
export function sortScratch({ length }: SortSpec): readonly number[] {
  return [length * Float64Array.BYTES_PER_ELEMENT, length * 4, length * 4];
}

/** The calls of a sort. What it works in is that of one row: they are not divided. */
export function sortCalls(spec: SortSpec, engine: Engine): Calls {
  return procedureCalls(engine, 'sort', spec, 1, [0, 1, 2, 3, 4, 5]);
}

/** A stable bottom-up merge sort of each row's positions by value. */
export function sort({ memory }: Runner, { bindings, rows, length, descending }: SortSpec): Procedure {
  const [input, values, positions] = bindings as readonly [Binding, Binding, Binding];
  const { decode } = dtypes[input.dtype];
  let keys = memory.elements('f64');
  let words = memory.words;
  /** Where the keys begin, in doubles. */
  let firstKey = 0;

  /** Whether the value at `a` must come before the earlier one at `b`. */
  const precedes = (a: number, b: number): boolean => {
    const x = keys[firstKey + a] as number;
    const y = keys[firstKey + b] as number;
    if (Number.isNaN(x) || Number.isNaN(y))
      return descending ? Number.isNaN(x) && !Number.isNaN(y) : Number.isNaN(y) && !Number.isNaN(x);
    return descending ? x > y : x < y;
  };

  /** Merges two runs of the words from `order` on into those from `spare` on. */
  const merge = (order: number, spare: number, start: number, middle: number, end: number): void => {
    let left = start;
    let right = middle;
    for (let at = start; at < end; at++) {
      const fromRight =
        left >= middle || (right < end && precedes(words[order + right] as number, words[order + left] as number));
      words[spare + at] = words[order + (fromRight ? right++ : left++)] as number;
    }
  };

  const firstOf = ({ dtype }: Binding, address: number | undefined): number =>
    ((address as number) >>> 0) / dtypes[dtype].bytes;

  return (_begin, _end, inputAt, valuesAt, positionsAt, keysAt = 0, orderAt = 0, spareAt = 0) => {
    keys = memory.elements('f64');
    words = memory.words;
    firstKey = (keysAt >>> 0) / 8;
    const from = memory.elements(input.dtype);
    const sorted = memory.elements(values.dtype);
    const places = memory.elements(positions.dtype);
    const firstFrom = firstOf(input, inputAt);
    const firstSorted = firstOf(values, valuesAt);
    const firstPlace = firstOf(positions, positionsAt);
    for (let row = 0; row < rows; row++) {
      let order = orderAt >>> 2;
      let spare = spareAt >>> 2;
      const base = row * length;
      for (let i = 0; i < length; i++) {
        keys[firstKey + i] = decode(from[firstFrom + base + i] as number);
        words[order + i] = i;
      }
      for (let width = 1; width < length; width *= 2) {
        for (let start = 0; start < length; start += 2 * width) {
          merge(order, spare, start, Math.min(start + width, length), Math.min(start + 2 * width, length));
        }
        const other = order;
        order = spare;
        spare = other;
      }
      for (let i = 0; i < length; i++) {
        const position = words[order + i] as number;
        // Raw elements are copied, so that NaN patterns and signed zeros survive.
        sorted[firstSorted + base + i] = from[firstFrom + base + position] as number;
        places[firstPlace + base + i] = position;
      }
    }
  };
}
