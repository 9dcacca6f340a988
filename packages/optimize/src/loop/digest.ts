/** What identifies a model, data and what is done to them: digests of their contents. */
import type { Dataset } from '@espalier/nn';
import { sha256, sha256Of } from '../sha256.ts';

/** The digest of what JSON holds. */
export function digestOf(value: unknown): Promise<string> {
  return sha256Of(JSON.stringify(value));
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
