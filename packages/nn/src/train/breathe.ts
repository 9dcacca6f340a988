/** Lets the rest of the program run: timers, signals, input. */
import { aNumber, check } from '@espalier/tensor/arguments';
import { monotonicNow } from './stopwatch.ts';

interface Host {
  readonly setImmediate?: (callback: () => void) => void;
  readonly setTimeout?: (callback: () => void, milliseconds: number) => unknown;
}

/** Resolves in a later turn of the event loop. */
export async function breathe(): Promise<void> {
  const host = globalThis as Host;
  await new Promise<void>((resolve) => {
    if (host.setImmediate) host.setImmediate(resolve);
    else if (host.setTimeout) host.setTimeout(resolve, 0);
    else resolve();
  });
}

/** What breathes when it is called, but only if the last breath was `milliseconds` or longer ago: a breath costs time. */
export function breather(milliseconds: number): () => Promise<void> | undefined {
  check('breather', 'milliseconds', milliseconds, aNumber);
  let last = monotonicNow();
  return () => {
    const now = monotonicNow();
    if (now - last < milliseconds) return undefined;
    last = now;
    return breathe();
  };
}
