/** What every host has, and TypeScript's own library does not tell of. */
const host = globalThis as unknown as { setTimeout(callback: () => void, milliseconds: number): unknown };

/** Resolves after so many milliseconds. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void host.setTimeout(resolve, milliseconds));
}
