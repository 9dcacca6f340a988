/** Small things of every kind that arguments are of. */
import * as nn from '@espalier/nn';
import { tensor, type Tensor } from '@espalier/tensor';

export const scores = (): Tensor =>
  tensor([
    [1, 2],
    [3, 4],
  ]);
export const labels = (): Tensor => tensor([0, 1], { dtype: 'i32' });
export const model = (): nn.Module => nn.build({ type: 'linear', in: 2, out: 2 }, { seed: 1 });
export const data = (): nn.Dataset => nn.tensorDataset(scores(), labels());

/** A model as files. */
export const files: nn.ModelFileReader = async (name) =>
  name === 'config.json'
    ? new TextEncoder().encode('{ "version": 1, "model": { "type": "relu" } }')
    : name === 'model.safetensors'
      ? nn.encodeSafetensors(new Map())
      : undefined;
