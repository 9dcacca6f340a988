// A model of every kind of place, and taps that keep what they see.
import { build, callContext, Linear, Residual, Sequential, type Module, type Tap } from '@espalier/nn';
import { compile, cpu, Generator, randn, type Device, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { expect } from 'vitest';

/** A layer that may follow itself. */
export const square = (on?: Device): Linear => new Linear({ in: 3, out: 3 }, on && { device: on });

/** Every kind of container, a layer with two places, and layers that go over windows. */
export function network(on?: Device): Module {
  const layer = square(on);
  const convolving = build(
    {
      type: 'sequential',
      layers: [
        { type: 'conv2d', in: 1, out: 2, kernel: 3, padding: 1 },
        { type: 'relu' },
        { type: 'max-pool2d', size: 2 },
        { type: 'batch-norm', features: 2 },
        { type: 'flatten' },
        { type: 'linear', in: 8, out: 3 },
      ],
    },
    { seed: 1, ...(on && { device: on }) },
  );
  return new Sequential([convolving, layer, new Residual(new Sequential([layer, square(on)])), layer]);
}

/** Its places, in the order of an object's keys: whole numbers first. */
export const places = '0 1 2 3 0.0 0.1 0.2 0.3 0.4 0.5 2.body.0 2.body.1 2.body '.split(' ');

/** Inputs for it. */
export const images = (seed: number, count = 5, on: Device = cpu()): Tensor =>
  randn([count, 1, 4, 4], { generator: new Generator(seed), device: on });

/** What went in and out, by place. */
export type Seen = Record<string, { readonly input: Tensor; readonly output: Tensor }>;

/** Calls a model and gives back all that goes in and out of its modules. */
export function observed(model: Module, x: Tensor, at: Tap['at'] = '*'): { readonly y: Tensor; readonly seen: Seen } {
  const seen: Seen = {};
  const inputs: Tensor[] = [];
  const tap: Tap = {
    at,
    input: (value) => {
      inputs.push(value);
    },
    output: (output, { name }) => {
      seen[name] = { input: inputs.pop() as Tensor, output };
    },
  };
  return { y: model.call(x, callContext({ taps: [tap] })), seen };
}

/** Compares what taps on all modules see in a compiled step with what they see outside, at three calls. */
export async function expectSameSight(on: Device, training: boolean): Promise<void> {
  const [plain, model] = [network(on), network(on)];
  model.load(plain.state());
  for (const each of [plain, model]) each.train(training);
  const step = compile((x: Tensor) => observed(model, x));
  for (const seed of [1, 2, 3]) {
    const expected = observed(plain, images(seed, 5, on)).seen;
    const { seen } = step(images(seed, 5, on));
    expect(Object.keys(seen)).toEqual(places);
    for (const name of places)
      for (const end of ['input', 'output'] as const)
        await expectClose(seen[name]?.[end] as Tensor, expected[name]?.[end] as Tensor, {
          absolute: 1e-4,
          relative: 1e-4,
        });
  }
  expect(step.recordings).toBe(1);
}
