import { crossEntropy, evaluate, meanLoss, tensorDataset, type Module } from '@espalier/nn';
import { fromTyped, full, gradients, tensor, zeros } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  copyModel,
  distill,
  maskOf,
  materializeModel,
  prune,
  quantizationOf,
  quantize,
  recipeJson,
  parseRecipe,
  runRecipe,
  storedBytes,
  together,
  type QuantizeOptions,
} from '../../src/index.ts';
import { StaticRounding } from '../../src/quantize/activations/rounded-input.ts';
import { firstSteps, LearnedRounding, LearnedSteps } from '../../src/quantize/learned-steps.ts';
import { numberFormat } from '../../src/quantize/number-format.ts';
import { throughCodes } from '../../src/quantize/rounding-ops.ts';
import { accuracyOf, expectSameLogits, features, logitsOf, train, trained, validate } from '../helpers/blobs.ts';

const numbers = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 6, maxLength: 6 });
const anyStep = fc.float({ min: Math.fround(0.05), max: 2, noNaN: true });
const anyFormat = fc.constantFrom('int8', 'int4', 'int3', 'int2');

/** Whether a number is no nearer to a place where rounding or clamping changes than f32 can tell. */
const isClear = (value: number, step: number, least: number, most: number): boolean => {
  const at = value / step;
  return Math.abs(at - Math.floor(at) - 0.5) > 1e-3 && Math.abs(at - least) > 1e-3 && Math.abs(at - most) > 1e-3;
};

describe('rounding that is trained through', () => {
  test('passes gradients straight where nothing is clamped, and has the gradient of its step in closed form', () => {
    fc.assert(
      fc.property(numbers, anyStep, anyFormat, (values, step, format) => {
        const { minimum, maximum } = numberFormat(format);
        const x = fromTyped(Float32Array.from(values), [6]).requiresGradients();
        const s = tensor(step).requiresGradients();
        const slope = fromTyped(Float32Array.from([1, -2, 3, 0.5, 1, 2]), [6]);
        const y = throughCodes([x, s, 0], { minimum, maximum });
        const [towardsX, towardsStep] = gradients(y.mul(slope).sum(), [x, s]);
        if (!values.every((value) => isClear(value, step, minimum, maximum))) return;
        const slopes = [...slope.dataSync()];
        let wanted = 0;
        for (const [index, value] of values.entries()) {
          const at = value / step;
          const isInside = at >= minimum && at <= maximum;
          expect(towardsX.dataSync()[index]).toBe(isInside ? slopes[index] : 0);
          const own = isInside ? Math.round(at) - at : Math.max(minimum, Math.min(maximum, at));
          wanted += own * (slopes[index] as number);
        }
        expect(Math.abs(towardsStep.itemSync() - wanted)).toBeLessThan(1e-3 * (1 + Math.abs(wanted)));
      }),
    );
  });

  test('its step moves outputs as finite differences of x + step · (round(x / step) - x / step) do, the rounding held', () => {
    fc.assert(
      fc.property(numbers, anyStep, (values, step) => {
        const { minimum, maximum } = numberFormat('int3');
        if (!values.every((value) => isClear(value, step, minimum, maximum))) return;
        const s = tensor(step).requiresGradients();
        const y = throughCodes([fromTyped(Float32Array.from(values), [6]), s, 0], { minimum, maximum });
        const [found] = gradients(y.sum(), [s]);
        // What rounding adds to x / step stays as it is, and so does which numbers are clamped.
        const held = (by: number): number =>
          values.reduce((sum, value) => {
            const at = value / step;
            if (at < minimum || at > maximum) return sum + by * Math.max(minimum, Math.min(maximum, at));
            return sum + value + by * (Math.round(at) - at);
          }, 0);
        const difference = (held(step + 1e-4) - held(step - 1e-4)) / 2e-4;
        expect(Math.abs(found.itemSync() - difference)).toBeLessThan(1e-3 * (1 + Math.abs(difference)));
      }),
    );
  });

  test('a learned step has 1 / √(n · largest code) of that gradient, and begins at 2 · mean |w| / √(largest code)', () => {
    fc.assert(
      fc.property(numbers, anyFormat, (values, format) => {
        const weights = Float32Array.from(values);
        const { minimum, maximum } = numberFormat(format);
        const first = firstSteps(
          weights,
          [
            [0, 3],
            [3, 6],
          ],
          format,
        );
        for (const [row, step] of first.entries()) {
          const part = weights.subarray(row * 3, row * 3 + 3);
          const there = part.filter((value) => value !== 0);
          const mean = there.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, there.length);
          if (mean > 1e-30) expect(step / ((2 * mean) / Math.sqrt(maximum))).toBeCloseTo(1, 4);
          else expect(step).toBeGreaterThan(0);
        }
        if (!values.every((value, at) => isClear(value, first[Math.floor(at / 3)] as number, minimum, maximum))) return;
        // The least step is held where it is.
        if (first.some((step) => step < 2 ** -100)) return;
        const like = fromTyped(weights, [2, 3]);
        const view = new LearnedSteps(format, first, like);
        const [scaled] = gradients(view.apply(like).sum(), [view.steps.tensor]);
        const s = fromTyped(first, [2, 1]).requiresGradients();
        const [plain] = gradients(throughCodes([like, s, 0], { minimum, maximum }).sum(), [s]);
        for (const [row, value] of (plain.dataSync() as Float32Array).entries())
          expect(scaled.dataSync()[row]).toBeCloseTo(value / Math.sqrt(3 * maximum), 4);
      }),
    );
  });

  test('a learned rounding of activations becomes the static one of its step', async () => {
    const view = new LearnedRounding({ scale: 0.25, zero: -3 }, tensor(0).device);
    const x = tensor([[0.3, -40, 60]]);
    expect(view.apply(x).arraySync()).toEqual(new StaticRounding({ scale: 0.25, zero: -3 }).apply(x).arraySync());
    expect((await view.settled()).settings).toBe('static 0.25 -3');
  });
});

describe('quantization-aware training', () => {
  const options: QuantizeOptions = { weights: 'int2', granularity: 'tensor' };
  const by = async (model: Module, more: QuantizeOptions): Promise<Module> =>
    (await runRecipe(model, [quantize({ ...options, ...more })], { data: { train } })).model;

  test('the same options round after training, or are trained by: fewer bits cost less then', async () => {
    const model = await trained();
    const [after, fixed, learned] = [
      await by(model, {}),
      await by(model, { train: { epochs: 4 }, steps: 'fixed' }),
      await by(model, { train: { epochs: 4 } }),
    ];
    const lossOf = async (of: Module): Promise<number> =>
      (await evaluate(of, validate, { loss: meanLoss(crossEntropy) })).loss;
    for (const aware of [fixed, learned]) {
      expect(await lossOf(aware)).toBeLessThan(await lossOf(after));
      expect(await storedBytes(aware)).toBe(await storedBytes(after));
      expectSameLogits(await logitsOf(await materializeModel(aware)), await logitsOf(aware));
    }
    const scalesOf = (of: Module): number[] =>
      of.parameters().flatMap((parameter) => [...(quantizationOf(parameter)?.scales ?? [])]);
    // Fixed ones are those of the weights as they came; learned ones went elsewhere.
    expect(scalesOf(fixed)).toEqual(scalesOf(after));
    expect(scalesOf(learned)).not.toEqual(scalesOf(fixed));
    expect(scalesOf(learned).every((scale) => scale > 0)).toBe(true);
  });

  test.each(['dynamic', 'static'] as const)('activations go with it, %s ones too', async (activations) => {
    const model = await trained();
    const aware = await by(model, { activations, granularity: 'channel', train: { epochs: 3 } });
    expect(await accuracyOf(aware)).toBeGreaterThan((await accuracyOf(model)) - 0.03);
    expectSameLogits(await logitsOf(await materializeModel(aware)), await logitsOf(aware));
    for (const parameter of aware.parameters())
      for (const view of parameter.inputs) expect(view.settings).toMatch(activations);
    expectSameLogits(await logitsOf(await copyModel(aware)), await logitsOf(aware));
  });

  test('a teacher may train it, and what was pruned stays exactly 0', async () => {
    const model = await trained();
    const steps = [
      prune({ sparsity: 0.5 }),
      together(
        quantize({ weights: 'int3', steps: 'learned' }),
        distill({
          teacher: 'original',
          train: { epochs: 3, optimizer: { type: 'adamw', lr: 0.002, weightDecay: 0.1 } },
        }),
      ),
    ];
    const { model: aware, records } = await runRecipe(model, steps, { data: { train } });
    expect(records[1]?.training?.epochs).toBe(3);
    expect(await accuracyOf(aware)).toBeGreaterThan((await accuracyOf(model)) - 0.05);
    for (const parameter of aware.parameters()) {
      const kept = await maskOf(parameter)?.kept();
      if (!kept) continue;
      for (const [index, value] of (await parameter.value.data()).entries())
        if (kept[index] === 0) expect(value).toBe(0);
    }
  });

  test('has a form in JSON, and what cannot be is refused', async () => {
    const json = [{ type: 'quantize', weights: 'int4', steps: 'learned', train: { epochs: 2 } }];
    expect(recipeJson(parseRecipe(json))).toEqual(json);
    expect(() => quantize({ steps: 'random' as never })).toThrow(/steps is "random"; it must be one of fixed, learned/);
    expect(() => quantize({ train: { epochs: -1 } })).toThrow(/epochs is -1/);
    await expect(runRecipe(await trained(), [quantize({ train: {} })])).rejects.toThrow(/give data.train/);
  });
});

describe('bias correction', () => {
  test('gives each layer the mean outputs that it had, on the examples it is made on', async () => {
    const model = await trained();
    const recipe = (correctBiases: boolean | { examples: number }) =>
      runRecipe(model, [quantize({ weights: 'int2', correctBiases })], { data: { train } });
    const { x } = await train.batch(Array.from({ length: 512 }, (_, index) => index));
    const meanOf = (of: Module): number[] => [...of.call(x).mean(0).dataSync()];
    const wanted = meanOf(model);
    const off = (of: Module): number =>
      meanOf(of).reduce((most, value, at) => Math.max(most, Math.abs(value - (wanted[at] as number))), 0);
    const { model: plain } = await recipe(false);
    const { model: corrected, records } = await recipe({ examples: 512 });
    expect(off(plain)).toBeGreaterThan(0.05);
    expect(off(corrected)).toBeLessThan(1e-4);
    for (const figures of Object.values(records[0]?.details as Record<string, { biasCorrection: number }>))
      expect(figures.biasCorrection).toBeGreaterThan(0);
    // Weights are those of the other, biases are not.
    const [a, b] = [plain.namedParameters(), corrected.namedParameters()];
    expect(b.get('0.weight')?.value.arraySync()).toEqual(a.get('0.weight')?.value.arraySync());
    expect(b.get('0.bias')?.value.arraySync()).not.toEqual(a.get('0.bias')?.value.arraySync());
  });

  test('refuses examples that leave nothing to reckon with', async () => {
    for (const value of [Number.NaN, Infinity, 3e38]) {
      const wrong = tensorDataset(full([4, features], value), zeros([4], { dtype: 'i32' }));
      await expect(
        runRecipe(await trained(), [quantize({ correctBiases: true })], { data: { train: wrong } }),
      ).rejects.toThrow(/the outputs of 0 are not finite on the examples to correct biases by/);
    }
  });

  test('needs examples', async () => {
    await expect(runRecipe(await trained(), [quantize({ correctBiases: true })])).rejects.toThrow(/give data.train/);
    expect(() => quantize({ correctBiases: { examples: 0 } })).toThrow(/correctBiases.examples is 0/);
  });
});
