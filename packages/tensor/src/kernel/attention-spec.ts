/** Attention as kernels: what looks at what, weighs it by a softmax, and takes the sum, and the gradients of that. */
import type { Access, Binding, Limit } from './spec.ts';

/** The sizes of attention, its inputs, and who sees whom. */
export interface AttentionShape {
  readonly bindings: readonly Binding[];
  readonly batch: readonly number[];
  readonly queries: number;
  readonly keys: number;
  /** Numbers of a query and of a key. */
  readonly size: number;
  readonly valueSize: number;
  readonly scale: number;
  /** Query i sees key j where j <= i + keys - queries: the queries are those of the last keys. */
  readonly causal: boolean;
  /** Strides over [...batch, queries, size]. */
  readonly q: Access;
  /** Strides over [...batch, keys, size]. */
  readonly k: Access;
  /** Strides over [...batch, keys, valueSize]. */
  readonly v: Access;
  /** Strides over [...batch, queries, keys]: bool, true where the query sees the key. */
  readonly mask?: Access;
  /** Strides over [...batch, queries, keys]: added to the scores. */
  readonly bias?: Access;
}

/** Queries that follow one another in a part of `AttentionGradientSpec`. */
export const queriesTogether = 64;

/**
 * The gradients of attention towards q, k and v, made of that of its result, g. With share(i, j) as there,
 *
 *   change(i, j) = scale · share(i, j) · (g[..b, i, :] · v[..b, j, :] - delta[..b, i])
 *   dq[..b, i, :] = Σ_j change(i, j) · k[..b, j, :]
 *   dk[..b, p, j, :] = Σ_i change(i, j) · q[..b, i, :]
 *   dv[..b, p, j, :] = Σ_i share(i, j) · g[..b, i, :]
 *
 * where delta is g · out, over the pairs that see each other: others take no part, whatever they are. A query whose logarithm is -∞ sees nothing. Part p of `parts` has the queries i for which ⌊i / 64⌋ is p modulo `parts`: what is added up over
 * all queries is so in parts that can be computed apart.
 */
export interface AttentionGradientSpec extends AttentionShape {
  readonly kind: 'attention-gradient';
  readonly parts: number;
  /** Strides over [...batch, queries, valueSize]. */
  readonly g: Access;
  /** Strides over [...batch, queries]. */
  readonly logSum: Access;
  /** Strides over [...batch, queries]. */
  readonly delta: Access;
  /** Strides over [...batch, queries, size]. */
  readonly dq: Access;
  /** Strides over [...batch, parts, keys, size]. */
  readonly dk: Access;
  /** Strides over [...batch, parts, keys, valueSize]. */
  readonly dv: Access;
}

/**
 * out[..b, i, :] = Σ_j share(i, j) · v[..b, j, :], where share(i, j) = exp(score(i, j) - logSum[..b, i]),
 * score(i, j) = scale · q[..b, i, :] · k[..b, j, :] + bias, and logSum is the logarithm of Σ_j exp(score(i, j)), all over
 * the keys that query i sees: those it does not take no part, whatever they are. A query that sees nothing gives NaN, and -∞ as the logarithm.
 * The sums of shares, and of what they weigh, are blocked as those of products.
 */
export interface AttentionSpec extends AttentionShape {
  readonly kind: 'attention';
  /** Strides over [...batch, queries, valueSize]. */
  readonly out: Access;
  /** Strides over [...batch, queries]. */
  readonly logSum: Access;
  /** Of [...batch, queries, keys]. */
  readonly limits?: readonly Limit[];
}
