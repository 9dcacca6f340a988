/** Digests of settings, by which a run that goes on notices that it was begun with others. */

const [offset, prime, bits] = [0xcbf29ce484222325n, 0x100000001b3n, 64];

/**
 * A short text that tells JSON values apart, undefined members aside. Source: G. Fowler, L. C. Noll, K.-P. Vo and
 * D. Eastlake, "The FNV Non-Cryptographic Hash Algorithm" (FNV-1a, 64 bits, over the UTF-16 units of the JSON text).
 */
export function digest(value: unknown): string {
  const json = JSON.stringify(value) ?? '';
  let hash = offset;
  for (let index = 0; index < json.length; index += 1) {
    hash = BigInt.asUintN(bits, (hash ^ BigInt(json.charCodeAt(index))) * prime);
  }
  return hash.toString(16).padStart(bits / 4, '0');
}
