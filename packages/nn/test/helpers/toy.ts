import { AdamW, build, crossEntropy, tensorDataset, type Dataset, type FitOptions, type Module } from '@espalier/nn';
import { defaultDevice, type Device } from '@espalier/tensor';

/** Points in three noisy clusters, which a small model learns to tell apart. */
export function clusters(size: number, seed = 1, device: Device = defaultDevice()): Dataset {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const x = new Float32Array(size * 4);
  const y = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    const label = Math.floor(random() * 3);
    y[index] = label;
    for (let feature = 0; feature < 4; feature++)
      x[index * 4 + feature] = (feature === label ? 1.5 : 0) + random() - random();
  }
  return tensorDataset({ data: x, shape: [size, 4] }, { data: y, shape: [size] }, { device });
}

/** A small classifier with every kind of state: batch norm buffers, dropout. */
export function classifier(seed: number): Module {
  const layers = [
    { type: 'linear', in: 4, out: 16 },
    { type: 'batch-norm', features: 16 },
    { type: 'relu' },
    { type: 'dropout', p: 0.2 },
    { type: 'linear', in: 16, out: 3 },
  ];
  return build({ type: 'sequential', layers }, { seed });
}

/** Options under which the classifier learns the clusters; an optimizer belongs to one training, so they are made anew. */
export function settings(options: Partial<FitOptions> = {}): FitOptions {
  const optimizer = new AdamW({ lr: 0.02 });
  return { loss: crossEntropy, optimizer, epochs: 4, batchSize: 32, seed: 7, ...options };
}
