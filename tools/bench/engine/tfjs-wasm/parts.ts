/** What TensorFlow.js has no op for, composed. */
import { tf, type Tfjs } from './library.ts';

/** By tanh. */
export function gelu(x: Tfjs): Tfjs {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

/** The mean cross-entropy of rows of scores. */
export function loss(scores: Tfjs, targets: Tfjs): Tfjs {
  const [, classes = 0] = scores.shape;
  const hot = tf.cast(tf.oneHot(targets, classes), 'float32');
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(scores), hot), -1)));
}

/** Normal numbers along rows. */
export function standardized(x: Tfjs, epsilon: number): Tfjs {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)));
}

/** Scores above the diagonal become very negative. */
export function attention(q: Tfjs, k: Tfjs, v: Tfjs, mask: Tfjs): Tfjs {
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(q.shape.at(-1) ?? 1));
  return tf.matMul(tf.softmax(tf.add(scores, mask)), v);
}

/** What attention adds to its scores [length, length]. */
export function causalMask(length: number): Tfjs {
  const values = Float32Array.from({ length: length ** 2 }, (_, index) =>
    index % length > Math.floor(index / length) ? -1e9 : 0,
  );
  return tf.tensor(values, [length, length], 'float32');
}
