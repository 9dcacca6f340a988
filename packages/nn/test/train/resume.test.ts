import {
  accuracy,
  AdamW,
  crossEntropy,
  fit,
  FormatError,
  mse,
  oneCycle,
  readSafetensors,
  SGD,
  StateError,
  writeSafetensors,
  type FitOptions,
  type Module,
  type Parameter,
} from '@espalier/nn';
import { ArgumentError, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { bitsOf } from '../helpers/bits.ts';
import { classifier, clusters, settings as toySettings } from '../helpers/toy.ts';

const train = clusters(150);
const validate = clusters(60, 2);
const settings = (): FitOptions =>
  toySettings({
    schedule: oneCycle(),
    clip: { value: 0.5 },
    validate,
    metrics: { accuracy },
    earlyStopping: { metric: 'accuracy', patience: 4 },
  });

const weightOf = (model: Module): Parameter => model.namedParameters().get('0.weight') as Parameter;

/** What must be equal: values, and all that was measured but time. */
async function trained(
  options: Partial<FitOptions>,
  seed = 1,
): Promise<{ readonly bits: Uint8Array; readonly epochs: unknown; readonly best: unknown }> {
  const model = classifier(seed);
  const { epochs, best } = await fit(model, train, { ...settings(), ...options });
  return {
    bits: await bitsOf(model),
    epochs: epochs.map(({ epoch, loss, learningRate, validation }) => ({ epoch, loss, learningRate, validation })),
    best,
  };
}

/** The checkpoints of a whole training, by number of steps done. */
async function checkpoints(): Promise<ReadonlyMap<number, Uint8Array>> {
  const saved = new Map<number, Uint8Array>();
  let latest: Uint8Array | undefined;
  await trained({
    checkpoint: { every: 1, everySteps: 3, save: (bytes) => void (latest = bytes) },
    onEvent: (event) => {
      if (event.type === 'checkpoint' && latest) saved.set(event.step, latest);
    },
  });
  return saved;
}

describe('a training resumed from a checkpoint', () => {
  test('ends with the same bytes, wherever it was interrupted', async () => {
    const whole = await trained({});
    const saved = await checkpoints();
    expect([...saved.keys()]).toEqual([3, 5, 6, 9, 10, 12, 15, 18, 20]);
    // Another initial model: everything must come from the checkpoint.
    for (const resume of saved.values()) expect(await trained({ resume }, 99)).toEqual(whole);
  });

  test('ends with the same bytes after an abort between two steps', async () => {
    const whole = await trained({});
    const controller = new AbortController();
    let resume: Uint8Array | undefined;
    const interrupted = trained({
      checkpoint: { every: 100, save: (bytes) => void (resume = bytes) },
      signal: controller.signal,
      beforeStep: ({ step }) => {
        if (step === 7) controller.abort(new Error('stopped by hand'));
      },
    });
    await expect(interrupted).rejects.toThrow('stopped by hand');
    expect(resume).toBeDefined();
    expect(await trained({ ...(resume && { resume }) }, 99)).toEqual(whole);
  });

  test('must be of the same training', async () => {
    const resume = (await checkpoints()).get(5) as Uint8Array;
    for (const [change, word] of [
      [{ seed: 8 }, 'seed (7, now 8)'],
      [{ batchSize: 16 }, 'batchSize'],
      [{ epochs: 5 }, 'epochs'],
      [{ optimizer: new SGD({ lr: 0.1 }) }, 'optimizer'],
      [{ clip: { value: 0.25 } }, 'clip ({"value":0.5}, now {"value":0.25})'],
      [{ loss: mse }, 'loss (cross-entropy, now mse)'],
    ] as const) {
      await expect(trained({ ...change, resume })).rejects.toThrow(ArgumentError);
      await expect(trained({ ...change, resume })).rejects.toThrow(word);
    }
  });

  test('must freeze the same parameters, and show them through the same views', async () => {
    const changes: Readonly<Record<string, (model: Module) => void>> = {
      plain: () => undefined,
      frozen: (model) => void (weightOf(model).trainable = false),
      doubled: (model) => void weightOf(model).views.push({ name: 'times', settings: '2', apply: (w) => w.mul(2) }),
      tripled: (model) => void weightOf(model).views.push({ name: 'times', settings: '3', apply: (w) => w.mul(3) }),
    };
    const run = async (change: (model: Module) => void, options: Partial<FitOptions>): Promise<Uint8Array> => {
      const model = classifier(1);
      change(model);
      await fit(model, train, { ...toySettings({ optimizer: new SGD({ lr: 0.1 }) }), ...options });
      return bitsOf(model);
    };
    for (const [name, change] of Object.entries(changes)) {
      const saved: Uint8Array[] = [];
      const whole = await run(change, { checkpoint: { save: (bytes) => void saved.push(bytes) } });
      const resume = saved[0] as Uint8Array;
      for (const [otherName, other] of Object.entries(changes)) {
        if (name === otherName) expect(await run(other, { resume })).toEqual(whole);
        else await expect(run(other, { resume })).rejects.toThrow(/another training: (frozen|views) \(.*differ/s);
      }
    }
  });

  test('puts the tensors of views back, and goes on under them', async () => {
    const run = async (kept: readonly number[], resume?: Uint8Array): Promise<readonly [Uint8Array, Uint8Array]> => {
      const model = classifier(1);
      const mask = tensor(kept).realizeSync();
      model
        .namedParameters()
        .get('4.bias')
        ?.views.push({
          name: 'mask',
          apply: (bias) => bias.mul(mask),
          state: () => new Map([['mask', mask]]),
        });
      let first: Uint8Array | undefined;
      await fit(model, train, {
        ...toySettings(),
        checkpoint: { save: (bytes) => void (first ??= bytes) },
        beforeStep: ({ step }) => void (step === 3 && mask.assign(tensor([1, 0, 0]))),
        ...(resume && { resume }),
      });
      expect(mask.arraySync()).toEqual([1, 0, 0]);
      return [await bitsOf(model), first as Uint8Array];
    };
    const [whole, first] = await run([1, 1, 0]);
    expect((await run([0, 1, 1], first))[0]).toEqual(whole);
  });

  test('may be one that does not say yet what was frozen and masked', async () => {
    const saved = (await checkpoints()).get(10) as Uint8Array;
    const { tensors, metadata } = readSafetensors(saved);
    const { fingerprint, ...rest } = JSON.parse(metadata['espalier.checkpoint'] as string) as {
      fingerprint: Record<string, unknown>;
    };
    const { frozen: _, views: __, ...older } = fingerprint;
    const before = { 'espalier.checkpoint': JSON.stringify({ ...rest, fingerprint: older }) };
    expect(await trained({ resume: await writeSafetensors(tensors, before) }, 99)).toEqual(await trained({}));
  });

  test('must be sound', async () => {
    await expect(trained({ resume: new Uint8Array(3) })).rejects.toThrow(FormatError);
    await expect(trained({ resume: await writeSafetensors(new Map()) })).rejects.toThrow('no checkpoint');
    const other = { 'espalier.checkpoint': '{"version":1,"fingerprint":{}}' };
    await expect(trained({ resume: await writeSafetensors(new Map(), other) })).rejects.toThrow(ArgumentError);
    expect(new StateError('load', 'x').missing).toEqual([]);
  });
});

test('memory is flat over many steps', async () => {
  const { memory } = await import('@espalier/tensor');
  const seen: number[] = [];
  await fit(classifier(1), train, {
    loss: crossEntropy,
    optimizer: new AdamW(),
    epochs: 30,
    batchSize: 16,
    onEvent: (event) => {
      if (event.type === 'epoch') seen.push(memory().bytes);
    },
  });
  expect(seen.at(-1)).toBe(seen[2]);
});
