/** The element at a place that must exist. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new Error(`there is no element ${index} among ${list.length}`);
  return element;
}
