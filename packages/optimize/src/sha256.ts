/** SHA-256: what tells contents apart that must not be taken for one another. */
import { StateError } from '@espalier/nn';

/** What is used here of the host's `crypto`. */
interface Digester {
  readonly subtle?: { readonly digest: (algorithm: string, bytes: Uint8Array) => Promise<ArrayBuffer> };
}

/**
 * SHA-256 of bytes, in hexadecimal digits.
 * @throws {StateError} where the host has no `crypto.subtle`: browsers have it on pages that are served by HTTPS, and locally.
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const { subtle } = (globalThis as { readonly crypto?: Digester }).crypto ?? {};
  if (!subtle) throw new StateError('sha256', 'there is no crypto.subtle here; serve the page by HTTPS');
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 of a text, each of its units as two bytes. */
export function sha256Of(text: string): Promise<string> {
  const units = Uint16Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return sha256(new Uint8Array(units.buffer));
}
