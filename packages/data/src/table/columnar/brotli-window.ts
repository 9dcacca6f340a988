/**
 * The window of a Brotli stream: decoders take as much memory as its head says, which may be 16 MiB for a page of 1 kB. Source:
 * RFC 7932, 9.1.
 */

/** The windows that a head of four bits may say, as powers of 2; smaller ones are said otherwise, and take little. */
const [smallest, largest] = [18, 24];
/** Copies reach back so many bytes less than the window has. */
const gap = 16;

/**
 * The same stream with the smallest window that reaches back over all it unpacks to, which changes nothing of what it says; as it is,
 * where its window is smaller already.
 */
export function fitWindow(bytes: Uint8Array, length: number): Uint8Array {
  const head = bytes[0] ?? 0;
  const window = 17 + ((head >> 1) & 7);
  if ((head & 1) === 0 || window < smallest) return bytes;
  let fitting = smallest;
  while (fitting < largest && 2 ** fitting - gap < length) fitting++;
  if (fitting >= window) return bytes;
  const fitted = bytes.slice();
  fitted[0] = (head & ~15) | 1 | ((fitting - 17) << 1);
  return fitted;
}
