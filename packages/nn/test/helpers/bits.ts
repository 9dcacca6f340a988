import { writeSafetensors, type Module } from '@espalier/nn';

/** All values of a model as bytes. */
export async function bitsOf(model: Module): Promise<Uint8Array> {
  return writeSafetensors(model.rawTensors());
}
