/** Stable sorting of rows. */
import { dtypes, type TypedArray } from '../../dtype/dtype.ts';
import type { Binding, SortSpec } from '../../kernel/spec.ts';
import type { Engine, Program } from './engine.ts';

/** What a sort works in: the keys of a row, and its positions twice. */
export function sortScratch({ length }: SortSpec): readonly number[] {
  return [length * Float64Array.BYTES_PER_ELEMENT, length * 4, length * 4];
}

/** The program of a sort: a stable bottom-up merge sort of each row's positions by value. */
export function sortProgram(spec: SortSpec, engine: Engine): Program {
  const { rows, length, descending } = spec;
  const [input, values, positions] = spec.bindings as readonly [Binding, Binding, Binding];
  const { decode } = dtypes[input.dtype];
  let keys: TypedArray = new Float64Array();
  let order: TypedArray = new Int32Array();
  let spare: TypedArray = new Int32Array();

  /** Whether the value at `a` must come before the earlier one at `b`. */
  const precedes = (a: number, b: number): boolean => {
    const [x, y] = [keys[a] as number, keys[b] as number];
    if (Number.isNaN(x) || Number.isNaN(y))
      return descending ? Number.isNaN(x) && !Number.isNaN(y) : Number.isNaN(y) && !Number.isNaN(x);
    return descending ? x > y : x < y;
  };

  const merge = (start: number, middle: number, end: number): void => {
    let left = start;
    let right = middle;
    for (let at = start; at < end; at++) {
      const fromRight = left >= middle || (right < end && precedes(order[right] as number, order[left] as number));
      spare[at] = order[fromRight ? right++ : left++] as number;
    }
  };

  return () => {
    const size = rows * length;
    keys = engine.memory.view('f64', engine.address(3), length);
    order = engine.memory.view('i32', engine.address(4), length);
    spare = engine.memory.view('i32', engine.address(5), length);
    const from = engine.memory.view(input.dtype, engine.address(0), size);
    const sorted = engine.memory.view(values.dtype, engine.address(1), size);
    const places = engine.memory.view(positions.dtype, engine.address(2), size);
    for (let row = 0; row < rows; row++) {
      const base = row * length;
      for (let i = 0; i < length; i++) {
        keys[i] = decode(from[base + i] as number);
        order[i] = i;
      }
      for (let width = 1; width < length; width *= 2) {
        for (let start = 0; start < length; start += 2 * width) {
          merge(start, Math.min(start + width, length), Math.min(start + 2 * width, length));
        }
        [order, spare] = [spare, order];
      }
      for (let i = 0; i < length; i++) {
        const position = order[i] as number;
        // Raw elements are copied, so that NaN patterns and signed zeros survive.
        sorted[base + i] = from[base + position] as number;
        places[base + i] = position;
      }
    }
  };
}
