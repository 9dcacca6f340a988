/** How many threads a cpu device has. */
import { ArgumentError } from '../errors.ts';

interface Host {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    getBuiltinModule?(name: 'node:os'): { availableParallelism(): number } | undefined;
  };
  readonly navigator?: { readonly hardwareConcurrency?: number };
}

/** Set by `configure`. */
export const threadSettings: { threads: number | undefined; busy: Int32Array<SharedArrayBuffer> | undefined } = {
  threads: undefined,
  busy: undefined,
};

/** Whether so many threads have a core each, beside whoever else computes. */
export function haveRoom(threads: number): boolean {
  const { busy } = threadSettings;
  return busy === undefined || 2 * Atomics.load(busy, 0) <= threads;
}

function cores({ process, navigator }: Host): number {
  return process?.getBuiltinModule?.('node:os')?.availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
}

/** Whether this thread may wait for others: that of a page may not. */
function mayWait(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** What the environment variable says. */
function threadsNamed({ process }: Host): number | undefined {
  const text = process?.env?.['ESPALIER_THREADS'];
  if (text === undefined || text === '') return undefined;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new ArgumentError(
    'createCpuDevice',
    `the environment variable ESPALIER_THREADS is '${text}'; it must be an integer of at least 1`,
  );
}

/**
 * The threads of a device for which so many are wanted: what `configure` or the environment variable `ESPALIER_THREADS` says where
 * nothing is said, else as many as the machine has cores; one where threads cannot share memory or wait for each other.
 * @throws {ArgumentError} where the variable says something else.
 */
export function threadCount(wanted: number | undefined = threadSettings.threads, most: number = Infinity): number {
  const host = globalThis as unknown as Host;
  const count = wanted ?? threadsNamed(host) ?? cores(host);
  return mayWait() ? Math.min(count, most) : 1;
}
