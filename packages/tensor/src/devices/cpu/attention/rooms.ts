/** Where the pieces of a workspace are. */
import { roundUp } from '../gemm/gemm.ts';

/** A piece begins at a cache line. */
const line = 64;

/** Pieces of memory one behind the other. */
export interface Rooms<Name extends string> {
  /** Bytes before each. */
  readonly at: Readonly<Record<Name, number>>;
  /** Bytes of all. */
  readonly bytes: number;
}

/** Lays out pieces of so many bytes. */
export function rooms<Name extends string>(sizes: Readonly<Record<Name, number>>): Rooms<Name> {
  let bytes = 0;
  const at = Object.entries<number>(sizes).map(([name, size]) => {
    const begin = bytes;
    bytes += roundUp(size, line);
    return [name, begin] as const;
  });
  return { at: Object.fromEntries(at) as Record<Name, number>, bytes };
}
