/** The training rows in TensorFlow.js. */
import { setting, type Prepared, type Problem } from '../problem.ts';
import { tensorOf, tf, type Tfjs } from './library.ts';
import { attention, causalMask, gelu, loss, standardized } from './parts.ts';

/** Takes what comes next from a list of parameters. */
type Next = () => Tfjs;

function dense(input: Tfjs, layers: number, next: Next): Tfjs {
  let h = input;
  for (let layer = 0; layer < layers; layer++) {
    const sum = tf.add(tf.matMul(h, next()), next());
    h = layer < layers - 1 ? tf.relu(sum) : sum;
  }
  return h;
}

/** Channels come last within, so that features have to be turned before they are flat. */
function lenet(input: Tfjs, next: Next): Tfjs {
  const block = (x: Tfjs, padding: string): Tfjs => {
    const sum = tf.conv2d(x, tf.transpose(next(), [2, 3, 1, 0]), 1, padding);
    return tf.maxPool(tf.relu(tf.add(sum, next())), 2, 2, 'valid');
  };
  const features = block(block(tf.transpose(input, [0, 2, 3, 1]), 'same'), 'valid');
  return dense(tf.reshape(tf.transpose(features, [0, 3, 1, 2]), [features.shape[0] ?? 0, -1]), 3, next);
}

function gpt(tokens: Tfjs, next: Next, problem: Problem): Tfjs {
  const [layers, heads] = [setting(problem, 'layers'), setting(problem, 'heads')];
  const [batch = 0, length = 0] = tokens.shape;
  const mask = causalMask(length);
  const table = next();
  const [vocabulary = 0] = table.shape;
  const norm = (x: Tfjs): Tfjs => tf.add(tf.mul(standardized(x, 1e-5), next()), next());
  const times = (x: Tfjs, w: Tfjs): Tfjs => {
    const [from = 0, to = 0] = w.shape;
    return tf.reshape(tf.matMul(tf.reshape(x, [batch * length, from]), w), [batch, length, to]);
  };
  // Products with one-hot rows, as there is no gradient of a lookup.
  const hot = tf.cast(tf.oneHot(tf.reshape(tokens, [-1]), vocabulary), 'float32');
  let h = tf.add(tf.reshape(tf.matMul(hot, table), [batch, length, -1]), next());
  const width = h.shape[2] ?? 0;
  const split = (x: Tfjs): Tfjs => tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  for (let layer = 0; layer < layers; layer++) {
    const [q, k, v] = tf.split(times(norm(h), next()), 3, 2).map(split) as [Tfjs, Tfjs, Tfjs];
    const seen = tf.transpose(attention(q, k, v, mask), [0, 2, 1, 3]);
    h = tf.add(h, times(tf.reshape(seen, [batch, length, width]), next()));
    h = tf.add(h, times(gelu(times(norm(h), next())), next()));
  }
  return tf.reshape(times(norm(h), next()), [batch * length, -1]);
}

const forward: Readonly<Record<string, (input: Tfjs, next: Next, problem: Problem) => Tfjs>> = {
  mlp: (input, next) => dense(input, 3, next),
  lenet,
  gpt,
};

/** Steps of plain SGD on one batch. */
export function training(problem: Problem): Prepared {
  const [input, labels, ...initial] = problem.operands.map(tensorOf) as [Tfjs, Tfjs, ...Tfjs[]];
  const parameters = initial.map((each) => tf.variable(each));
  const targets = tf.reshape(labels, [-1]);
  const optimizer = tf.train.sgd(setting(problem, 'rate'));
  const pass = forward[problem.op];
  if (pass === undefined) throw new Error(`there is no model '${problem.op}'`);
  const lossOf = (): Tfjs => {
    const left = parameters[Symbol.iterator]();
    return loss(
      pass(input, () => left.next().value as Tfjs, problem),
      targets,
    );
  };
  let made: Tfjs | undefined;
  return {
    step: () => {
      made?.dispose();
      made = tf.tidy(() => optimizer.minimize(lossOf, true));
    },
    results: async () => (await made?.data()) ?? [],
  };
}
