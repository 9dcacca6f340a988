/** When values live inside a plan, and how much lives at once. */

/** A value from the kernel that makes it to the last that reads it. */
export interface Life {
  readonly position: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** The largest sum of bytes that live at the same time, in a plan of so many kernels. */
export function mostAlive(lives: readonly Life[], kernels: number): number {
  const change = new Float64Array(kernels + 1);
  for (const { bytes, first, last } of lives) {
    change[first] = (change[first] as number) + bytes;
    change[last + 1] = (change[last + 1] as number) - bytes;
  }
  let [sum, most] = [0, 0];
  for (const difference of change) most = Math.max(most, (sum += difference));
  return most;
}
