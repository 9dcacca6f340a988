/** Training without compile: a step costs what it costs, however many came before, and keeps nothing of them. */
import { buildOptimizer, Parameter, type OptimizerConfig } from '@espalier/nn';
import {
  compile,
  createCpuDevice,
  Generator,
  gradients,
  randn,
  scope,
  type Device,
  type KernelCall,
  type Tensor,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const optimizers: readonly OptimizerConfig[] = [
  { type: 'sgd', lr: 0.1 },
  { type: 'sgd', lr: 0.1, momentum: 0.9, dampening: 0.1 },
  { type: 'adam', lr: 0.01 },
  { type: 'adamw', lr: 0.01 },
  { type: 'rmsprop', lr: 0.01, momentum: 0.5, centered: true },
];

interface Training {
  readonly weights: Tensor;
  readonly step: () => Tensor;
}

function training(device: Device, config: OptimizerConfig, size: number): Training {
  const generator = new Generator(5);
  const parameter = new Parameter(randn([size, size], { generator, device }));
  const weights = parameter.tensor;
  const x = randn([4, size], { generator, device }).realizeSync();
  const optimizer = buildOptimizer(config).attach(new Map([['w', parameter]]));
  const step = (): Tensor => {
    const loss = x.matmul(weights).square().mean();
    optimizer.step(gradients(loss, [weights]));
    return loss;
  };
  return { weights, step };
}

/** How many kernels a device runs while `body` runs. */
function kernelsRun(device: Device, body: () => void): number {
  let count = 0;
  const run = device.run.bind(device);
  device.run = (calls: readonly KernelCall[]): void => {
    count += calls.length;
    run(calls);
  };
  body();
  device.run = run;
  return count;
}

/** Read the loss of every k-th step; 0 for never. */
const habits = [1, 7, 0];
const repeat = (
  steps: number,
  readEvery: number,
  step: () => Tensor,
  within: (body: () => void) => void = (body) => body(),
): void => {
  for (let i = 1; i <= steps; i++)
    within(() => {
      const loss = step();
      if (readEvery > 0 && i % readEvery === 0) loss.itemSync();
    });
};

describe.each(optimizers.map((config) => [JSON.stringify(config), config] as const))('%s', (_, config) => {
  test.each(habits)('steps of which every %i-th loss is read run the same kernels early and late', (readEvery) => {
    const device = createCpuDevice({ name: 'eager' });
    const { step, weights } = training(device, config, 8);
    const seventy = (): void => repeat(70, readEvery, step);
    seventy();
    const early = kernelsRun(device, seventy);
    for (let i = 0; i < 4; i++) seventy();
    expect(kernelsRun(device, seventy)).toBe(early);

    // The same numbers as in one recorded step.
    const compiled = training(device, config, 8);
    const recorded = compile(compiled.step);
    for (let i = 0; i < 7 * 70; i++) recorded();
    const difference = weights.sub(compiled.weights).abs().max().itemSync();
    expect(difference).toBeLessThan(1e-4);
    device.dispose();
  });

  test.each(habits)('in a scope, steps of which every %i-th loss is read leave memory as it was', (readEvery) => {
    const device = createCpuDevice({ name: 'eager' });
    const { step } = training(device, config, 64);
    const some = (): void => repeat(28, readEvery, step, scope);
    some();
    const before = device.memory();
    some();
    expect(device.memory()).toEqual(before);
    device.dispose();
  });
});

test('without a scope, what steps drop is found before it fills the memory', () => {
  const device = createCpuDevice({ name: 'eager', maximumBytes: 192 * 2 ** 20 });
  const { step } = training(device, { type: 'adamw', lr: 0.01 }, 512);
  // Each step makes three states of a MiB anew, and handles that nobody disposes still look at the old ones.
  let most = 0;
  repeat(150, 1, () => {
    most = Math.max(most, device.memory().bytes);
    return step();
  });
  expect(most).toBeLessThan(80 * 2 ** 20);
  device.dispose();
});
