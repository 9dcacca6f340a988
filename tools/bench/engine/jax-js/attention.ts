/** Causal attention in jax-js, composed: its own needs methods of iterators that Node 20 has not. */
import { jax, type Jax } from './library.ts';

const { numpy: np, nn } = jax;

/** What attention adds to its scores [length, length]. */
function causalMask(length: number): Jax {
  const values = Float32Array.from({ length: length ** 2 }, (_, index) =>
    index % length > Math.floor(index / length) ? -1e9 : 0,
  );
  return np.array(values).reshape([length, length]);
}

/** Queries, keys and values are [..., length, depth]. */
export function attention(q: Jax, k: Jax, v: Jax): Jax {
  const [length = 0, depth = 0] = q.shape.slice(-2);
  const scores = np.matmul(q, np.matrixTranspose(k)).mul(1 / Math.sqrt(depth));
  return np.matmul(nn.softmax(scores.add(causalMask(length))), v);
}
