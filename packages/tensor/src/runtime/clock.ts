/** The clock of the host: milliseconds, with parts of them. Node makes it when it is first asked for, which takes a while. */
const host = globalThis as unknown as { readonly performance: { now(): number; readonly timeOrigin: number } };

/** Asks the host at each call. */
export const clock: { now(): number; readonly timeOrigin: number } = {
  now: () => host.performance.now(),
  get timeOrigin() {
    return host.performance.timeOrigin;
  },
};
