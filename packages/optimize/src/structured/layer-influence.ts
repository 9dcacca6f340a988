/** How much layers change what they are given. */
import { batches, callContext, type Dataset, type Module } from '@espalier/nn';
import { concat, noGrad, scope, type Tensor } from '@espalier/tensor';
import { spreadExamples } from '../calibration/examples.ts';
import type { Skippable } from './skippable.ts';

/** Examples that go through the model at once. */
const batchSize = 64;

/**
 * 1 - the cosine of what a layer gives and what it is given, the mean over examples: 0 for one that changes nothing. Source: X.
 * Men et al., "ShortGPT: layers in large language models are more redundant than you expect", 2024.
 */
export async function influences(
  model: Module,
  layers: readonly Skippable[],
  data: Dataset,
  examples: number,
): Promise<Float32Array> {
  model.eval();
  const rows = spreadExamples(data.size, examples);
  const sums = new Float64Array(layers.length);
  for (const part of batches(rows, batchSize)) {
    const { x, y } = await data.batch(part);
    const found = scope(() => {
      const open = new Map<string, Tensor>();
      const seen = new Map<string, Tensor>();
      const names = new Set(layers.map(({ name }) => name));
      const tap = {
        at: (name: string) => names.has(name),
        input: (value: Tensor, { name }: { readonly name: string }) => void open.set(name, value),
        output: (value: Tensor, { name }: { readonly name: string }) =>
          void seen.set(name, distance(open.get(name) as Tensor, value).reshape([1])),
      };
      noGrad(() => model.call(x, callContext({ taps: [tap] })));
      return concat(layers.map(({ name }) => seen.get(name) as Tensor));
    });
    for (const [index, sum] of (await found.data()).entries()) sums[index] = (sums[index] as number) + sum;
    for (const tensor of [x, y, found]) tensor.dispose();
  }
  return Float32Array.from(sums, (sum) => sum / rows.length);
}

/** Σ over examples of 1 - cosine. */
function distance(a: Tensor, b: Tensor): Tensor {
  const [before, after] = [a, b].map((each) => each.reshape([each.shape[0] as number, -1])) as [Tensor, Tensor];
  const lengths = before.square().sum(1).mul(after.square().sum(1)).sqrt();
  const cosine = before.mul(after).sum(1).div(lengths.maximum(1e-30));
  return cosine.neg().add(1).sum();
}
