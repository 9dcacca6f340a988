/** An element that has to be there. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const value: T | undefined = list[index];
  if (value === undefined) throw new RangeError(`there is no element ${index} of ${list.length}`);
  return value;
}
