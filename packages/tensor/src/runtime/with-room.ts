/** Patience with a full device, for calls that may wait. */
import { OutOfMemoryError } from '../errors.ts';

interface Host {
  readonly setTimeout?: (callback: () => void, milliseconds: number) => unknown;
}

/**
 * What `body` gives when it is called at once; when memory runs out, what it gives once the host has had a turn, in which finalizers free the
 * memory of what was collected.
 */
export async function withRoom<T>(body: () => Promise<T>): Promise<T> {
  try {
    // What it resolves to is awaited by the caller: only what it throws at once is a lack of room.
    return body();
  } catch (error) {
    const host = globalThis as Host;
    if (!(error instanceof OutOfMemoryError) || !host.setTimeout) throw error;
    await new Promise<void>((resolve) => host.setTimeout?.(resolve, 0));
    return body();
  }
}
