/** Which examples stand for a dataset. */

/** The numbers of so many examples, or of all where there are fewer, spread evenly over a dataset of a size. */
export function spreadExamples(size: number, count: number): Int32Array<ArrayBuffer> {
  const wanted = Math.min(count, size);
  return Int32Array.from({ length: wanted }, (_, index) => Math.floor((index * size) / wanted));
}
