/** The training rows in jax-js. */
import { nth, setting, type Prepared, type Problem } from '../problem.ts';
import { attention } from './attention.ts';
import { arrayOf, jax, type Jax } from './library.ts';

const { numpy: np, nn, lax } = jax;

/** Takes what comes next from a list of parameters. */
type Next = () => Jax;

function dense(input: Jax, layers: number, next: Next): Jax {
  let h = input;
  for (let layer = 0; layer < layers; layer++) {
    const sum = np.matmul(h, next()).add(next());
    h = layer < layers - 1 ? nn.relu(sum) : sum;
  }
  return h;
}

function pooled(x: Jax): Jax {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  return np.max(x.reshape([batch, channels, height / 2, 2, width / 2, 2]), [3, 5]);
}

function convolved(x: Jax, pad: number, next: Next): Jax {
  const sum = lax.convGeneralDilated(
    x,
    next(),
    [1, 1],
    [
      [pad, pad],
      [pad, pad],
    ],
  );
  return nn.relu(sum.add(next().reshape([1, -1, 1, 1])));
}

function lenet(input: Jax, next: Next): Jax {
  const features = pooled(convolved(pooled(convolved(input, 2, next)), 0, next));
  return dense(features.reshape([features.shape[0] ?? 0, -1]), 3, next);
}

function gpt(tokens: Jax, next: Next, problem: Problem): Jax {
  const [layers, heads] = [setting(problem, 'layers'), setting(problem, 'heads')];
  const [batch = 0, length = 0] = tokens.shape;
  const norm = (x: Jax): Jax => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(next()).add(next());
  let h = np.take(next(), tokens, 0).add(next());
  const width = h.shape[2] ?? 0;
  for (let layer = 0; layer < layers; layer++) {
    const parts = np.split(np.matmul(norm(h.ref), next()), 3, 2);
    const split = (part: Jax): Jax => part.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3]);
    const [q, k, v] = parts.map(split) as [Jax, Jax, Jax];
    const seen = attention(q, k, v).transpose([0, 2, 1, 3]).reshape([batch, length, width]);
    h = h.add(np.matmul(seen, next()));
    h = h.ref.add(np.matmul(nn.gelu(np.matmul(norm(h), next()), { approximate: true }), next()));
  }
  return np.matmul(norm(h), next()).reshape([batch * length, -1]);
}

const forward: Readonly<Record<string, (input: Jax, next: Next, problem: Problem) => Jax>> = {
  mlp: (input, next) => dense(input, 3, next),
  lenet,
  gpt,
};

/** Steps of plain SGD on one batch. */
export function training(problem: Problem): Prepared {
  const [input, labels, ...initial] = problem.operands.map(arrayOf) as [Jax, Jax, ...Jax[]];
  const pass = forward[problem.op];
  if (pass === undefined) throw new Error(`there is no model '${problem.op}'`);
  const rate = setting(problem, 'rate');
  const towards = initial.map((_, index) => index);
  const lossOf = (...all: Jax[]): Jax => {
    const parameters = all.slice(0, -2)[Symbol.iterator]();
    const [x, y] = all.slice(-2) as [Jax, Jax];
    const scores = pass(x, () => parameters.next().value as Jax, problem);
    const [rows = 0, classes = 0] = scores.shape;
    return nn
      .logSoftmax(scores)
      .mul(nn.oneHot(y.reshape([-1]), classes))
      .sum()
      .mul(-1 / rows);
  };
  const update = jax.jit((...all: Jax[]): readonly Jax[] => {
    const kept = all.slice(0, -2).map((parameter) => parameter.ref);
    const [loss, found] = jax.valueAndGrad(lossOf, { argnums: towards })(...all);
    return [loss, ...kept.map((parameter, index) => parameter.sub(nth(found, index).mul(rate)))];
  });
  let parameters: readonly Jax[] = initial;
  let loss: Jax | undefined;
  return {
    step: async () => {
      loss?.dispose();
      [loss, ...parameters] = update(...parameters, input.ref, labels.ref) as [Jax, ...Jax[]];
      await jax.blockUntilReady(parameters);
    },
    results: async () => (await loss?.ref.data()) ?? [],
  };
}
