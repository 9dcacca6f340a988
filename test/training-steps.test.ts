// The memory that training steps are planned to take, for values that are made and read inside them.
import { build, buildOptimizer, crossEntropy, type ModuleConfig } from '@espalier/nn';
import { compile, gradients, noGrad, planReport, zeros, type PlanReport, type Shape } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { gptStep } from '../tools/bench/gpt-step.ts';

const MiB = 2 ** 20;
const small = { width: 32, heads: 2, vocabulary: 64, length: 32, batch: 2 };

/** The step of a classifier of 10 classes. */
function classifier(layers: readonly ModuleConfig[], input: Shape): PlanReport {
  const model = build({ type: 'sequential', layers }, { seed: 1 });
  const parameters = model.namedParameters();
  const optimizer = buildOptimizer({ type: 'adamw', lr: 1e-3 }).attach(parameters);
  const trained = [...parameters.values()].map(({ tensor }) => tensor);
  const labels = zeros([input[0] ?? 0], { dtype: 'i32' }).realizeSync();
  const report = planReport(
    (x, y) => {
      const loss = crossEntropy(model.call(x), y);
      noGrad(() => optimizer.step(gradients(loss, trained)));
      return loss;
    },
    zeros(input).realizeSync(),
    labels,
  );
  optimizer.detach();
  model.dispose();
  return report;
}

function gpt(depth: number, checkpointed: boolean, sizes = small): PlanReport {
  const { step, inputs, dispose } = gptStep({ ...sizes, depth }, checkpointed);
  const report = planReport(step, ...inputs);
  dispose();
  return report;
}

const convolution = (from: number, to: number): readonly ModuleConfig[] => [
  { type: 'conv2d', in: from, out: to, kernel: 3 },
  { type: 'batch-norm', features: to },
  { type: 'relu' },
  { type: 'max-pool2d', size: 2 },
];

describe('the memory of a training step is at most 1.25 times what lives in it at once', () => {
  test.each<[string, () => PlanReport]>([
    ['a transformer', () => gpt(3, false)],
    ['one with checkpoints', () => gpt(3, true)],
    [
      'a convolutional net',
      () =>
        classifier(
          [...convolution(1, 8), ...convolution(8, 16), { type: 'flatten' }, { type: 'linear', in: 400, out: 10 }],
          [8, 1, 28, 28],
        ),
    ],
    [
      'dense layers',
      () =>
        classifier(
          [{ type: 'linear', in: 784, out: 300 }, { type: 'relu' }, { type: 'linear', in: 300, out: 10 }],
          [64, 784],
        ),
    ],
  ])('%s', (_, report) => {
    const { bytes, aliveBytes, kernels } = report();
    expect(kernels).toBeGreaterThan(5);
    expect(bytes).toBeGreaterThanOrEqual(aliveBytes);
    expect(bytes).toBeLessThanOrEqual(1.25 * aliveBytes);
  });
});

test('checkpoints trade: 16 layers that would take far more fit into 60 MiB', () => {
  const sizes = { width: 128, heads: 4, vocabulary: 512, length: 128, batch: 8 };
  const [plain, checkpointed] = [gpt(16, false, sizes), gpt(16, true, sizes)];
  expect(checkpointed.bytes).toBeLessThan(60 * MiB);
  expect(checkpointed.bytes).toBeLessThan(0.26 * plain.bytes);
});

test('what was planned is what a step takes, and it tells of each recording', () => {
  const { step, inputs, dispose } = gptStep({ ...small, depth: 1 });
  const compiled = compile(step);
  expect(compiled.plans).toEqual([]);
  compiled(...inputs).dispose();
  const { recordingTime, planningTime, ...figures } = planReport(step, ...inputs);
  expect(compiled.plans).toMatchObject([figures]);
  for (const time of [recordingTime, planningTime]) expect(time).toBeGreaterThan(0);
  compiled.dispose();
  expect(compiled.plans).toEqual([]);
  dispose();
});
