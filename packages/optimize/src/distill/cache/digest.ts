/** Digests of what answers depend on. */
import { encodeSafetensors, type Module } from '@espalier/nn';
import { RecipeError } from '../../errors.ts';
import { packWeights } from '../../layout/model-file.ts';

interface Crypto {
  readonly subtle?: { readonly digest: (algorithm: string, bytes: Uint8Array) => Promise<ArrayBuffer> };
}

/**
 * SHA-256, as hexadecimal digits.
 * @throws {RecipeError} where the host has none, such as a page that did not come by https.
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const { subtle } = (globalThis as { readonly crypto?: Crypto }).crypto ?? {};
  if (!subtle) throw new RecipeError('distill', 'the cache needs crypto.subtle, which pages have that come by https');
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 of a text. */
export function sha256Of(text: string): Promise<string> {
  const units = Uint16Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return sha256(new Uint8Array(units.buffer));
}

/** What a model answers is a function of: its architecture, and its weights as a file holds them. */
export async function digestOfModel(model: Module): Promise<string> {
  const { tensors, descriptions } = await packWeights(model);
  const weights = await sha256(encodeSafetensors(tensors));
  return sha256Of(JSON.stringify([model.config(), descriptions, weights]));
}

/** A number that tells rows apart which are not the same by accident. Source: Fowler, Noll and Vo, FNV-1a of 32 bits. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  return hash >>> 0;
}
