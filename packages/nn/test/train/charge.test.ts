import { AdamW, cloneModel, fit, Sequential, type FitOptions, type Module } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { bitsOf } from '../helpers/bits.ts';
import { classifier, clusters, settings } from '../helpers/toy.ts';

const train = clusters(100);

/** The bits of a model trained alone. */
async function alone(model: Module): Promise<Uint8Array> {
  await fit(model, train, settings());
  return bitsOf(model);
}

describe('two trainings at once', () => {
  test('with one optimizer are refused, and the first is not disturbed', async () => {
    const whole = await alone(classifier(1));
    const [first, second] = [classifier(1), classifier(2)];
    const optimizer = new AdamW({ lr: 0.02 });
    const training = fit(first, train, settings({ optimizer }));
    const refused = fit(second, train, settings({ optimizer }));
    await expect(refused).rejects.toThrow(ArgumentError);
    await expect(refused).rejects.toThrow('make an optimizer for each');
    await training;
    expect(await bitsOf(first)).toEqual(whole);
    // What was refused has changed nothing, and what is over is free.
    expect(await bitsOf(second)).toEqual(await bitsOf(classifier(2)));
    await fit(second, train, settings({ optimizer }));
    expect(await bitsOf(second)).toEqual(await alone(classifier(2)));
  });

  test('of the same parameters are refused by name', async () => {
    const model = classifier(1);
    const training = fit(model, train, settings());
    const refused = fit(model, train, settings());
    await expect(refused).rejects.toThrow("'0.weight' is trained by another training");
    await training;
    expect(await bitsOf(model)).toEqual(await alone(classifier(1)));
  });

  test('that share only what is frozen go on beside each other', async () => {
    const options = (): FitOptions => settings({ epochs: 2 });
    const trainBoth = async (run: (models: readonly Module[]) => Promise<unknown>): Promise<Uint8Array[]> => {
      const body = classifier(1);
      for (const parameter of body.parameters()) parameter.trainable = false;
      const models = [classifier(2), classifier(3)].map((own) => {
        const [, ...rest] = own.children().values();
        return new Sequential([body.children().get('0') as Module, ...rest]);
      });
      await run(models);
      return Promise.all(models.map(bitsOf));
    };
    const together = await trainBoth((models) => Promise.all(models.map((model) => fit(model, train, options()))));
    const inTurn = await trainBoth(async (models) => {
      for (const model of models) await fit(model, train, options());
    });
    expect(together).toEqual(inTurn);
  });

  test('are free of each other after an error, and by a copy', async () => {
    const model = classifier(1);
    const optimizer = new AdamW({ lr: 0.02 });
    const failing = settings({
      optimizer,
      beforeStep: () => {
        throw new Error('by hand');
      },
    });
    await expect(fit(model, train, failing)).rejects.toThrow('by hand');
    const copy = await cloneModel(model);
    await Promise.all([fit(model, train, settings({ optimizer })), fit(copy, train, settings())]);
    expect(await bitsOf(copy)).toEqual(await bitsOf(model));
  });
});
