/** The ops of rows in jax-js. */
import { preparedOps, nth, setting, type Engine, type Prepared, type Problem } from '../problem.ts';
import { attention as causalAttention } from './attention.ts';
import { arrayOf, jax, type Jax } from './library.ts';
import { training } from './models.ts';

const { numpy: np, nn, lax } = jax;

/** Inputs may be consumed: each call has references of its own. */
type Op = (inputs: Jax[], problem: Problem) => readonly Jax[];
type One = (inputs: [Jax, Jax, Jax, Jax], problem: Problem) => Jax;

const one =
  (make: One): Op =>
  (inputs, problem) => [make(inputs as [Jax, Jax, Jax, Jax], problem)];

const convolution: One = ([x, w], problem) => {
  const pad = setting(problem, 'pad');
  return lax.convGeneralDilated(
    x,
    w,
    [1, 1],
    [
      [pad, pad],
      [pad, pad],
    ],
    {
      featureGroupCount: setting(problem, 'groups'),
    },
  );
};

const attention: One = ([q, k, v]) => causalAttention(q, k, v);

/** Gradients of the sum of an op's result times the last operand. */
const backwards =
  (op: One, count: number, towards: readonly number[]): Op =>
  (inputs, problem) => {
    const weight = nth(inputs, inputs.length - 1);
    const leaves = inputs.slice(0, count);
    return jax.grad(
      (...all) =>
        op(all as [Jax, Jax, Jax, Jax], problem)
          .mul(weight)
          .sum(),
      { argnums: towards },
    )(...leaves);
  };

const loss = (scores: Jax, targets: Jax): Jax => {
  const [rows = 0, classes = 0] = scores.shape;
  return nn
    .logSoftmax(scores)
    .mul(nn.oneHot(targets, classes))
    .sum()
    .mul(-1 / rows);
};

const ops: Readonly<Record<string, Op>> = {
  matmul: one(([a, b], problem) =>
    np.matmul(
      setting(problem, 'left') === 1 ? np.matrixTranspose(a) : a,
      setting(problem, 'right') === 1 ? np.matrixTranspose(b) : b,
    ),
  ),
  conv: one(convolution),
  'conv-input': backwards(convolution, 2, [0]),
  'conv-weight': backwards(convolution, 2, [1]),
  attention: one(attention),
  'attention-gradients': (inputs, problem) => {
    const result = attention(inputs.map((each) => each.ref) as [Jax, Jax, Jax, Jax], problem);
    return [result, ...backwards(attention, 3, [0, 1, 2])(inputs, problem)];
  },
  softmax: one(([x]) => nn.softmax(x)),
  'log-softmax': one(([x]) => nn.logSoftmax(x)),
  'layer-norm': one(([x, weight, bias], problem) =>
    nn
      .standardize(x, -1, { epsilon: setting(problem, 'epsilon') })
      .mul(weight)
      .add(bias),
  ),
  'rms-norm': one(([x, weight], problem) => {
    const square = np.mean(np.square(x.ref), -1, { keepdims: true });
    return x.div(np.sqrt(square.add(setting(problem, 'epsilon')))).mul(weight);
  }),
  'cross-entropy': one(([x, targets]) => loss(x, targets)),
  'cross-entropy-gradient': (inputs) =>
    jax.grad((...all) => loss(nth(all, 0), nth(all, 1)), { argnums: [0] })(...inputs),
  gelu: one(([x]) => nn.gelu(x, { approximate: true })),
  'multiply-add': one(([x, y, z]) => x.mul(y).add(z)),
  'sum-rows': one(([x]) => x.sum(1)),
  'sum-columns': one(([x]) => x.sum(0)),
  transpose: one(([x]) => np.matrixTranspose(x).add(0)),
  sort: one(([x]) => np.sort(x, -1)),
  argmax: one(([x]) => np.argmax(x, -1)),
  'max-pool': one(([x]) => {
    const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
    return np.max(x.reshape([batch, channels, height / 2, 2, width / 2, 2]), [3, 5]);
  }),
  cumsum: one(([x]) => np.cumsum(x, -1)),
  gather: one(([table, index]) => np.take(table, index, 0)),
  'scatter-add': one(([index, source], problem) => {
    const table = np.zeros([setting(problem, 'rows'), setting(problem, 'columns')]);
    const sum = (...all: Jax[]): Jax => np.take(nth(all, 0), index, 0).mul(source).sum();
    return nth(jax.grad(sum, { argnums: [0] })(table), 0);
  }),
};

/** A step through jit. */
function repeated(op: Op, problem: Problem): Prepared {
  const inputs = problem.operands.map(arrayOf);
  const step = jax.jit((...all: Jax[]) => op(all, problem));
  let made: readonly Jax[] = [];
  return {
    step: async () => {
      for (const each of made) each.dispose();
      made = step(...inputs.map((each) => each.ref));
      await jax.blockUntilReady(made);
    },
    results: async () => {
      const lists = await Promise.all(made.map((each) => each.ref.data()));
      return lists.flatMap((list) => Array.from(list));
    },
  };
}

/** Adam as a user writes it: the state goes in and comes out. */
function adam(problem: Problem): Prepared {
  const [parameter, gradient] = problem.operands.map(arrayOf) as [Jax, Jax];
  const shape = parameter.shape;
  const rate = setting(problem, 'rate');
  const [beta1, beta2] = [0.9, 0.999];
  const update = jax.jit((p: Jax, m: Jax, v: Jax, g: Jax, first: Jax, second: Jax): readonly Jax[] => {
    const mean = m.mul(beta1).add(g.ref.mul(1 - beta1));
    const square = v.mul(beta2).add(np.square(g).mul(1 - beta2));
    const move = mean.ref
      .div(first)
      .mul(rate)
      .div(np.sqrt(square.ref.div(second)).add(1e-8));
    return [p.sub(move), mean, square];
  });
  const scalar = (value: number): Jax => np.array(Float32Array.of(value)).reshape([]);
  let state: readonly Jax[] = [parameter, np.zeros(shape), np.zeros(shape)];
  let count = 0;
  return {
    step: async () => {
      count++;
      const [p, m, v] = state as [Jax, Jax, Jax];
      state = update(p, m, v, gradient.ref, scalar(1 - beta1 ** count), scalar(1 - beta2 ** count));
      await jax.blockUntilReady(state);
    },
    results: async () => nth(state, 0).ref.data(),
  };
}

const prepared: Engine['ops'] = preparedOps(ops, (op, problem) => repeated(op, problem), {
  adam,
  mlp: training,
  lenet: training,
  gpt: training,
});
export { prepared as ops };
