/** Text of one byte a character. */

/** How many characters are put together at a time. */
const piece = 4096;

/** A character for each byte, as Latin-1 has them. */
export function decodeLatin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += piece) parts.push(String.fromCharCode(...bytes.subarray(at, at + piece)));
  return parts.join('');
}
