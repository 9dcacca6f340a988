/** What identifies a model: what it computes. */
import { encodeSafetensors, type Module } from '@espalier/nn';
import { sha256, sha256Of } from '../sha256.ts';
import { packWeights } from './model-file.ts';

/** What a model answers is a function of: its architecture, and its weights as a file holds them. */
export async function digestOfModel(model: Module): Promise<string> {
  const { tensors, descriptions } = await packWeights(model);
  const weights = await sha256(encodeSafetensors(tensors));
  return sha256Of(JSON.stringify([model.config(), descriptions, weights]));
}
