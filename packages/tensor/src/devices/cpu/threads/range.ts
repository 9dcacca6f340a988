/**
 * Who takes which part of a range. Each thread has a share of neighbouring units, takes them piece by piece from its start, and
 * then what is left of the others': kernels that follow each other over the same rows so find in a thread's cache what it wrote
 * there, and one that is late leaves its share to the rest.
 */
import { nextApart, places } from './control.ts';

/** Runs the units `begin` up to `end`. */
export type RunPart = (begin: number, end: number) => void;

/** Takes part in what the words tell of, as the thread of a share, until all pieces are taken. */
export type TakeShares = (share: number, run: RunPart) => void;

/**
 * Reads the words of a pool. Threads are given the text of this function (`start.ts`): it refers to nothing outside of itself, and
 * what it needs it is told.
 */
export function makeShares(control: Int32Array, at: typeof places, apart: typeof nextApart): TakeShares {
  return (share, run) => {
    const range = control[at.range] as number;
    const chunk = control[at.chunk] as number;
    const shares = control[at.shares] as number;
    const pieces = Math.ceil(range / chunk);
    for (let other = 0; other < shares; other++) {
      const place = (share + other) % shares;
      const last = Math.floor(((place + 1) * pieces) / shares);
      const next = at.next + place * apart;
      while (Atomics.load(control, next) < last) {
        const piece = Atomics.add(control, next, 1);
        if (piece >= last) break;
        run(piece * chunk, Math.min(range, (piece + 1) * chunk));
      }
    }
  };
}

/** Divides so many pieces among the shares: nobody has taken any. */
export function divide(control: Int32Array, pieces: number): void {
  const shares = control[places.shares] as number;
  for (let share = 0; share < shares; share++)
    Atomics.store(control, places.next + share * nextApart, Math.floor((share * pieces) / shares));
}
