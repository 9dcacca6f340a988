/** Pictures with the same bytes, which whoever has learnt one of them knows. */

/** The numbers of pictures by their digests: those of each are copies of one picture, in the order of the first. */
export function copiesOf(digests: readonly string[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>();
  for (const [index, digest] of digests.entries()) {
    const own = groups.get(digest);
    if (own) own.push(index);
    else groups.set(digest, [index]);
  }
  return [...groups.values()];
}
