/** Reads checkpoints, and trains on from what was accepted. */
import { AdamW, build, crossEntropy, fit, tensorDataset, type Dataset } from '@espalier/nn';
import { setMask } from '@espalier/optimize';
import { mutateJson } from '../engine/mutate-json.ts';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

const notes = '__metadata__';

const data: Dataset = tensorDataset(
  { data: Float32Array.from({ length: 32 }, (_, index) => Math.sin(index)), shape: [8, 4] },
  { data: Int32Array.from({ length: 8 }, (_, index) => index % 2), shape: [8] },
);

/** A training of two epochs, with or without a mask, from a checkpoint or from its start. */
async function train(save: (bytes: Uint8Array) => void, isMasked: boolean, resume?: Uint8Array): Promise<void> {
  const model = build({ type: 'sequential', layers: [{ type: 'linear', in: 4, out: 2 }] }, { seed: 1 });
  for (const weight of model.parameters().slice(0, isMasked ? 1 : 0))
    setMask(
      weight,
      Uint8Array.from({ length: weight.size }, (_, index) => index % 2),
    );
  await fit(model, data, {
    loss: (output, target) => crossEntropy(output, target),
    optimizer: new AdamW({ lr: 0.01 }),
    epochs: 2,
    batchSize: 4,
    seed: 1,
    validate: data,
    earlyStopping: { metric: 'loss', patience: 2 },
    checkpoint: { save },
    ...(resume === undefined ? {} : { resume }),
  });
}

/** Checkpoints of a training, which then goes on. */
export const checkpointReader: Reader = {
  name: 'checkpoint',
  limit: ofObjects,
  seeds: async () => {
    const saved: Uint8Array[] = [];
    for (const isMasked of [false, true]) await train((bytes) => saved.push(bytes.slice()), isMasked);
    return saved;
  },
  mutate: (input, random) => {
    if (random.chance(0.2)) return mutateBytes(input, random);
    const length = Number(Buffer.from(input).readBigUInt64LE());
    const { [notes]: metadata, ...tensors } = JSON.parse(
      Buffer.from(input.subarray(8, 8 + length)).toString(),
    ) as Record<string, Record<string, string>>;
    // Everything but the tensors is one text of JSON.
    const changed = Object.entries(metadata ?? {}).map(([key, position]) => [
      key,
      Buffer.from(mutateJson(Buffer.from(position), random)).toString(),
    ]);
    const text = Buffer.from(JSON.stringify({ [notes]: Object.fromEntries(changed) as unknown, ...tensors }));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([size, text, input.subarray(8 + length)]);
  },
  // A mask is a tensor of its own there.
  read: (input) => train(() => undefined, Buffer.from(input).includes('/kept'), input),
};
