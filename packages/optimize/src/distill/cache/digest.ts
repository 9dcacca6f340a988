/** Digests of what answers depend on. */
import { encodeSafetensors, type Module } from '@espalier/nn';
import { packWeights } from '../../layout/model-file.ts';
import { sha256, sha256Of } from '../../sha256.ts';

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
