/** Reading a long range piece by piece, the next piece being fetched while one is used. */

/** Bytes from 0 to `total` in pieces of `size`; the last may be shorter. */
export async function* inPieces(
  total: number,
  size: number,
  read: (begin: number, end: number) => Promise<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const ask = (begin: number): Promise<Uint8Array<ArrayBuffer>> => {
    const asked = read(begin, Math.min(begin + size, total));
    // It is waited for only when it is its turn: until then a failure is nobody's.
    asked.catch(() => undefined);
    return asked;
  };
  let next = total > 0 ? ask(0) : undefined;
  for (let at = 0; next !== undefined; at += size) {
    const piece: Uint8Array<ArrayBuffer> = await next;
    next = at + size < total ? ask(at + size) : undefined;
    yield piece;
  }
}
