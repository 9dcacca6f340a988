import { Adam, build, crossEntropy, fit, type Module, type Parameter } from '@espalier/nn';
import { maskOf, setMask, setQuantization } from '@espalier/optimize';
import { ArgumentError } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { blobs, perceptron } from '../helpers/blobs.ts';

const train = blobs(64, 1);
const weightOf = (model: Module): Parameter => model.namedParameters().get('0.weight') as Parameter;

/** Trains a model for two epochs; gives its first checkpoint. */
async function trained(model: Module, resume?: Uint8Array): Promise<Uint8Array> {
  const saved: Uint8Array[] = [];
  await fit(model, train, {
    loss: crossEntropy,
    optimizer: new Adam(),
    epochs: 2,
    batchSize: 16,
    checkpoint: { save: (bytes) => void saved.push(bytes) },
    ...(resume && { resume }),
  });
  return saved[0] as Uint8Array;
}

const kinds: Readonly<Record<string, (model: Module) => unknown>> = {
  dense: () => undefined,
  pruned: (model) => setMask(weightOf(model), every(2)),
  quantized: (model) => setQuantization(weightOf(model), 'int8', Float32Array.of(0.01)),
  'quantized otherwise': (model) => setQuantization(weightOf(model), 'int8', Float32Array.of(0.02)),
};

function every(nth: number): Uint8Array {
  return Uint8Array.from({ length: weightOf(make('dense')).size }, (_, index) => (index % nth === 0 ? 1 : 0));
}

function make(kind: string): Module {
  const model = build(perceptron(8), { seed: 1 });
  kinds[kind]?.(model);
  return model;
}

test('the checkpoint of a pruned or quantized model is resumed by one of its kind only', async () => {
  for (const kind of Object.keys(kinds)) {
    const whole = make(kind);
    const checkpoint = await trained(whole);
    for (const other of Object.keys(kinds)) {
      const model = make(other);
      if (other === kind) {
        await trained(model, checkpoint);
        expect(await weightOf(model).value.data()).toEqual(await weightOf(whole).value.data());
        continue;
      }
      await expect(trained(model, checkpoint)).rejects.toThrow(ArgumentError);
      await expect(trained(model, checkpoint)).rejects.toThrow('another training: views (');
    }
  }
});

test('a checkpoint puts its mask back', async () => {
  const whole = make('pruned');
  const checkpoint = await trained(whole);
  const model = make('dense');
  setMask(weightOf(model), every(3));
  await trained(model, checkpoint);
  expect(await maskOf(weightOf(model))?.kept()).toEqual(every(2));
  expect(await weightOf(model).value.data()).toEqual(await weightOf(whole).value.data());
});
