// What PyTorch computes, in doubles: values and gradients. The file is made by tools/golden/tensor.py.
import { readFileSync } from 'node:fs';
import {
  avgPool2d,
  batchNorm,
  conv2d,
  cpu,
  createReferenceDevice,
  crossEntropy,
  einsum,
  gradients,
  layerNorm,
  maxPool2d,
  tensor,
  type Device,
  type PoolOptions,
  type Tensor,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

interface Listed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface GoldenCase {
  readonly name: string;
  readonly attributes: Readonly<Record<string, number | string>>;
  readonly inputs: readonly (Listed & { readonly dtype: 'f64' | 'i32' })[];
  readonly result: Listed;
  readonly gradients: readonly (Listed | null)[];
}

const golden = JSON.parse(readFileSync(new URL('pytorch.json', import.meta.url), 'utf8')) as { cases: GoldenCase[] };

type Run = (inputs: readonly Tensor[], attributes: GoldenCase['attributes']) => Tensor;
const at = (inputs: readonly Tensor[], index: number): Tensor => {
  const found = inputs[index];
  if (!found) throw new Error(`no input ${index}`);
  return found;
};
const method =
  (
    name:
      | 'silu'
      | 'mish'
      | 'selu'
      | 'softplus'
      | 'hardSwish'
      | 'hardSigmoid'
      | 'erf'
      | 'expm1'
      | 'log1p'
      | 'asinh'
      | 'atanh',
  ): Run =>
  (inputs) =>
    at(inputs, 0)[name]();
const alongAxis =
  (name: 'softmax' | 'logSoftmax' | 'logSumExp' | 'var' | 'std' | 'prod' | 'cumsum'): Run =>
  (inputs, { axis }) =>
    at(inputs, 0)[name](Number(axis));
const binary =
  (name: 'atan2' | 'pow' | 'remainder' | 'matmul'): Run =>
  (inputs) =>
    at(inputs, 0)[name](at(inputs, 1));

const runs: Readonly<Record<string, Run>> = {
  conv2d: (inputs, attributes) => conv2d(at(inputs, 0), at(inputs, 1), attributes),
  maxPool2d: (inputs, attributes) => maxPool2d(at(inputs, 0), attributes as unknown as PoolOptions),
  avgPool2d: (inputs, attributes) => avgPool2d(at(inputs, 0), attributes as unknown as PoolOptions),
  gelu: (inputs, { approximate }) => at(inputs, 0).gelu({ approximate: approximate as 'none' | 'tanh' }),
  ...Object.fromEntries(
    (
      [
        'silu',
        'mish',
        'selu',
        'softplus',
        'hardSwish',
        'hardSigmoid',
        'erf',
        'expm1',
        'log1p',
        'asinh',
        'atanh',
      ] as const
    ).map((name) => [name, method(name)]),
  ),
  ...Object.fromEntries(
    (['softmax', 'logSoftmax', 'logSumExp', 'var', 'std', 'prod', 'cumsum'] as const).map((name) => [
      name,
      alongAxis(name),
    ]),
  ),
  ...Object.fromEntries((['atan2', 'pow', 'remainder', 'matmul'] as const).map((name) => [name, binary(name)])),
  layerNorm: (inputs) => layerNorm(at(inputs, 0), { weight: at(inputs, 1), bias: at(inputs, 2) }),
  batchNorm: (inputs) => batchNorm(at(inputs, 0), { weight: at(inputs, 1), bias: at(inputs, 2) }).output,
  crossEntropy: (inputs, attributes) => crossEntropy(at(inputs, 0), at(inputs, 1), attributes),
  einsum: (inputs, { equation }) => einsum(String(equation), ...inputs),
  take: (inputs, { axis }) => at(inputs, 0).take(at(inputs, 1), Number(axis)),
  gather: (inputs, { axis }) => at(inputs, 0).gather(Number(axis), at(inputs, 1)),
  norm: (inputs, { p, axis }) => at(inputs, 0).norm(Number(p), Number(axis)),
};

function expectNear(actual: Tensor, expected: Listed): void {
  expect(actual.shape).toEqual(expected.shape);
  for (const [index, value] of actual.dataSync().entries()) {
    const wanted = expected.data[index] as number;
    if (!(Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted))))
      throw new Error(`element ${index} is ${value}, PyTorch has ${wanted}`);
  }
}

const devices: readonly Device[] = [createReferenceDevice('golden'), cpu()];

describe.each(devices)('PyTorch on $name', (device) => {
  test.each(
    golden.cases.map((each, index) => ({ ...each, title: `${index} ${each.name} ${JSON.stringify(each.attributes)}` })),
  )('$title', (each) => {
    const inputs = each.inputs.map(({ data, shape, dtype }) => tensor([...data], { dtype, device }).reshape(shape));
    const leaves = inputs.map((input) => (input.dtype === 'f64' ? input.requiresGradients() : input));
    const run = runs[each.name];
    if (!run) throw new Error(`no run for ${each.name}`);
    const result = run(leaves, each.attributes);
    expectNear(result, each.result);
    const weights = tensor(
      each.result.data.map((_, index) => (index + 1) / each.result.data.length),
      { dtype: 'f64', device },
    ).reshape(result.shape);
    const wanted = leaves.flatMap((leaf, index) =>
      each.gradients[index] ? [{ leaf, gradient: each.gradients[index] }] : [],
    );
    const found = gradients(
      result.mul(weights).sum(),
      wanted.map(({ leaf }) => leaf),
      { retainGraph: true },
    );
    for (const [index, { gradient }] of wanted.entries()) expectNear(found[index] as Tensor, gradient);
  });
});
