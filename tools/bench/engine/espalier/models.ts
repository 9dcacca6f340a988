/** Forward passes of the training rows, for tensors of any dtype, and their steps. */
import {
  compile,
  conv2d,
  crossEntropy,
  fromTyped,
  gradients,
  layerNorm,
  maxPool2d,
  noGrad,
  scaledDotProductAttention,
  type Tensor,
} from '@espalier/tensor';
import { operand, setting, type Prepared, type Problem } from '../problem.ts';
import { placed } from './repeated.ts';

type Settings = Pick<Problem, 'op' | 'operands' | 'settings'>;

/** Takes what comes next from a list of parameters. */
type Next = () => Tensor;

/** Dense layers with rectifiers between them. */
function dense(input: Tensor, layers: number, next: Next): Tensor {
  let h = input;
  for (let layer = 0; layer < layers; layer++) {
    const sum = h.matmul(next()).add(next());
    h = layer < layers - 1 ? sum.relu() : sum;
  }
  return h;
}

function lenet(input: Tensor, next: Next): Tensor {
  const first = conv2d(input, next(), { bias: next(), padding: 2 }).relu();
  const second = conv2d(maxPool2d(first, { kernel: 2 }), next(), { bias: next() }).relu();
  return dense(maxPool2d(second, { kernel: 2 }).flatten(1), 3, next);
}

function gpt(tokens: Tensor, next: Next, problem: Settings): Tensor {
  const [layers, heads] = [setting(problem, 'layers'), setting(problem, 'heads')];
  const [batch = 0, length = 0] = tokens.shape;
  const norm = (x: Tensor): Tensor => layerNorm(x, { weight: next(), bias: next() });
  let h = next().take(tokens).add(next());
  const width = h.shape[2] ?? 0;
  const split = (x: Tensor): Tensor => x.reshape(batch, length, heads, width / heads).transpose(1, 2);
  for (let layer = 0; layer < layers; layer++) {
    const [q, k, v] = norm(h).matmul(next()).split(width, 2).map(split) as [Tensor, Tensor, Tensor];
    const seen = scaledDotProductAttention(q, k, v, { causal: true }).transpose(1, 2).reshape(batch, length, width);
    h = h.add(seen.matmul(next()));
    h = h.add(norm(h).matmul(next()).gelu({ approximate: 'tanh' }).matmul(next()));
  }
  return norm(h)
    .matmul(next())
    .reshape(batch * length, -1);
}

const forward: Readonly<Record<string, (input: Tensor, next: Next, problem: Settings) => Tensor>> = {
  mlp: (input, next) => dense(input, 3, next),
  lenet,
  gpt,
};

function lossOf(problem: Settings, input: Tensor, labels: Tensor, parameters: readonly Tensor[]): Tensor {
  const left = parameters[Symbol.iterator]();
  const next: Next = () => {
    const { value, done } = left.next();
    if (done === true) throw new Error(`${problem.op} has too few parameters`);
    return value;
  };
  const pass = forward[problem.op];
  if (pass === undefined) throw new Error(`there is no model '${problem.op}'`);
  return crossEntropy(pass(input, next, problem), labels.flatten());
}

/** The loss of the first step. */
export async function lossInDoubles(problem: Settings): Promise<number> {
  const [input, labels, ...parameters] = problem.operands.map(({ values, shape }) => {
    const made = fromTyped(values, [...shape]);
    return values instanceof Int32Array ? made : made.cast('f64');
  });
  if (input === undefined || labels === undefined) throw new Error(`${problem.op} has no batch`);
  return lossOf(problem, input, labels, parameters).item();
}

/** Steps of plain SGD on one batch. */
export function training(problem: Problem): Prepared {
  const [input, labels] = [placed(operand(problem, 0)), placed(operand(problem, 1))];
  const parameters = problem.operands.slice(2).map((each) => placed(each).requiresGradients());
  const rate = setting(problem, 'rate');
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = lossOf(problem, x, y, parameters);
    const found = gradients(loss, parameters);
    noGrad(() => {
      for (const [index, parameter] of parameters.entries())
        parameter.assign(parameter.sub((found[index] ?? parameter).mul(rate)));
    });
    return loss;
  });
  let loss: Tensor | undefined;
  return {
    step: () => {
      loss?.dispose();
      loss = step(input, labels);
    },
    results: async () => [Number(await loss?.item())],
  };
}
