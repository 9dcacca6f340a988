/** The words by which the threads of a pool tell each other what to do: one array of i32 that all of them share. */

/** Where they are. */
export const places = {
  /** Counts what was to be done so far; threads sleep on it. */
  epoch: 0,
  /** How many threads beside the one that asked are at it; `closed` where nothing is to be done. */
  members: 1,
  /** The next unit that nobody has taken. */
  next: 2,
  /** How many threads sleep. */
  sleepers: 3,
  /** 1 while the thread that asked sleeps until the others have finished. */
  waiting: 4,
  /** How many threads have come up. */
  ready: 5,
  /** 1 when threads are to end. */
  ended: 6,
  /** Characters of what went wrong in a thread; 0: nothing. */
  failure: 7,
  /** The program: its number, where its description is, and how long that is. */
  program: 8,
  address: 9,
  bytes: 10,
  /** The end of its range, how many units are taken at a time, and how many addresses there are. */
  end: 11,
  chunk: 12,
  addresses: 13,
  /** From here on: 256 addresses of what is bound, 256 of workspaces of threads, and what went wrong. */
  bound: 16,
  workspaces: 272,
  message: 528,
} as const;

/** `members` where there is nothing to join. */
export const closed = -1;

/** Most threads of a pool. */
export const mostThreads = 256;

/** Most characters of what went wrong. */
export const mostMessage = 500;

/** The shared words of a new pool. */
export function makeControl(): Int32Array {
  const control = new Int32Array(new SharedArrayBuffer(4 * (places.message + mostMessage)));
  control[places.members] = closed;
  return control;
}
