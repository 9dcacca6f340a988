/** The clock of the host: milliseconds, with parts of them. */
export const clock: { now(): number; readonly timeOrigin: number } = (
  globalThis as unknown as { readonly performance: { now(): number; readonly timeOrigin: number } }
).performance;
