/** What every host has, and TypeScript's own library does not tell of. */
const host = globalThis as unknown as {
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  readonly performance?: { now(): number };
};

/**
 * Milliseconds since some moment, by a clock that is never set: what durations and limits are measured by. The clock on
 * the wall, `Date.now`, jumps when somebody corrects it; it only says when something happened.
 */
export const elapsedClock: () => number = () => host.performance?.now() ?? Date.now();

/** Something that rings after a while unless it is cancelled. */
export interface Alarm {
  readonly rings: Promise<void>;
  cancel(): void;
}

/** An alarm after so many milliseconds. */
export function alarm(milliseconds: number): Alarm {
  let timer: unknown;
  const rings = new Promise<void>((resolve) => (timer = host.setTimeout(resolve, milliseconds)));
  return { rings, cancel: () => host.clearTimeout(timer) };
}

/** Resolves after so many milliseconds. */
export function sleep(milliseconds: number): Promise<void> {
  return alarm(milliseconds).rings;
}
