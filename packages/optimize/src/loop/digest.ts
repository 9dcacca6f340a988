/** What identifies a model, data and what is done to them: digests of their contents. */
import type { Dataset } from '@espalier/nn';

/** What is used here of the host's `crypto`. */
interface Digester {
  readonly subtle?: { readonly digest: (algorithm: string, data: Uint8Array) => Promise<ArrayBuffer> };
}

/**
 * SHA-256 of bytes, in hexadecimal digits.
 * @throws {Error} where the host has no `crypto.subtle`: browsers have it on pages that are served by HTTPS, and locally.
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const { crypto } = globalThis as unknown as { readonly crypto?: Digester };
  if (!crypto?.subtle) throw new Error('there is no crypto.subtle here; serve the page by HTTPS');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The digest of what JSON holds. */
export function digestOf(value: unknown): Promise<string> {
  return sha256(bytesOf(JSON.stringify(value)));
}

/** A text as bytes, each of its units as two. */
function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Uint16Array.from(text, (_, index) => text.charCodeAt(index)).buffer);
}

/** The digest of files. */
export async function digestFiles(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const each: [string, string][] = [];
  for (const [name, bytes] of files) each.push([name, await sha256(bytes)]);
  return digestOf(each.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** How many examples are looked at at once. */
const chunk = 2000;

/** The digest of all examples of a dataset, as a model sees them, and of their order. */
export async function digestDataset(data: Dataset | undefined): Promise<string | null> {
  if (!data) return null;
  const parts: string[] = [];
  for (let begin = 0; begin < data.size; begin += chunk) {
    const count = Math.min(chunk, data.size - begin);
    const { x, y } = await data.batch(Int32Array.from({ length: count }, (_, index) => begin + index));
    for (const tensor of [x, y]) {
      const values = await tensor.data();
      const { buffer, byteOffset, byteLength } = values as unknown as Uint8Array<ArrayBuffer>;
      parts.push(tensor.dtype, tensor.shape.join(), await sha256(new Uint8Array(buffer, byteOffset, byteLength)));
      tensor.dispose();
    }
  }
  return digestOf(parts);
}
