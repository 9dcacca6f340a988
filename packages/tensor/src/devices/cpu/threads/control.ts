/** The words by which the threads of a pool tell each other what to do: one array of i32 that all of them share. */

/** Where they are. */
export const places = {
  /** Counts what was to be done so far; threads sleep on it. */
  epoch: 0,
  /** How many threads beside the one that asked are at it; `closed` where nothing is to be done. */
  members: 1,
  /** How many threads sleep. */
  sleepers: 2,
  /** 1 while the thread that asked sleeps until the others have finished. */
  waiting: 3,
  /** How many threads have come up. */
  ready: 4,
  /** 1 when threads are to end. */
  ended: 5,
  /** Characters of what went wrong in a thread; 0: nothing. */
  failure: 6,
  /** The program: its number, where its description is, and how long that is. */
  program: 7,
  address: 8,
  bytes: 9,
  /** How many units there are, how many are taken at a time, into how many shares they are divided, and how many addresses there are. */
  range: 10,
  chunk: 11,
  shares: 12,
  addresses: 13,
  /** From here on: 256 addresses of what is bound, 256 of workspaces of threads, and what went wrong. */
  bound: 16,
  workspaces: 272,
  message: 528,
  /** From here on: of each share the first piece that nobody has taken, in a cache line of its own. */
  next: 1040,
} as const;

/** Words from the piece of one share to that of the next. */
export const nextApart = 16;

/** `members` where there is nothing to join. */
export const closed = -1;

/** Most threads of a pool. */
export const mostThreads = 256;

/** Most characters of what went wrong. */
export const mostMessage = 500;

/** The shared words of a new pool. */
export function makeControl(): Int32Array {
  const control = new Int32Array(new SharedArrayBuffer(4 * (places.next + mostThreads * nextApart)));
  control[places.members] = closed;
  return control;
}
