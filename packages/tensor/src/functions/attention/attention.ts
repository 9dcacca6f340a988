/** Attention: weighted sums of values, by how queries and keys agree. */
import { aBoolean, aFiniteNumber, check, checkOptions, type OptionRules } from '../../arguments/rules.ts';
import { aTensor } from '../../arguments/types.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { promote, toFloat, wideFloat } from '../../dtype/promote.ts';
import { DTypeError, ShapeError } from '../../errors.ts';
import { broadcastShapes, sameShape, showShape, type Shape } from '../../shape/shape.ts';
import { applyKernel } from '../../tensor/apply-kernel.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { expandNode, inDType, wrap } from '../../tensor/wrap.ts';
import { attentionOp } from './attention-op.ts';
import { decompose } from './decompose.ts';
import type { AttentionAttributes } from './inputs.ts';

const operation = 'scaledDotProductAttention';

/** Who looks at whom, and how much. */
export interface AttentionOptions {
  /**
   * Whether a query sees the keys up to its own place alone. The queries are those of the last keys: query i sees key j where
   * j <= i + keys - queries. Default: false.
   */
  readonly causal?: boolean;
  /** Bool, true where the query sees the key; broadcast to [..., heads, queries, keys]. Default: all are seen. */
  readonly mask?: Tensor;
  /** Added to the scores; broadcast to [..., heads, queries, keys]. */
  readonly bias?: Tensor;
  /** What products of queries and keys are multiplied by. Default: 1 / √size. */
  readonly scale?: number;
}

const optionRules: OptionRules<AttentionOptions> = {
  causal: aBoolean,
  mask: aTensor,
  bias: aTensor,
  scale: aFiniteNumber,
};

/**
 * softmax(scale · q · kᵀ + bias) · v, of queries [..., heads, queries, size], keys [..., heads, keys, size] and values
 * [..., heads, keys, value size]; leading axes broadcast, and there may be a whole number of times as many heads of queries as
 * of keys and values, which share these in their order. A query that sees nothing gives NaN, and hands no gradient on.
 * What is not seen takes no part. Of what is not finite that holds where there is a kernel: on cpu for f32, 4 queries or more and
 * values whose size is a multiple of 4, gradients included if that of queries is one too; sizes up to 256. Otherwise, and on webgpu, it
 * is products and a softmax, and a share of 0 of NaN or of an infinity is NaN: give finite values for what is hidden there. A bias of
 * -∞ hides nothing: its share is 0.
 * Computed in f32 (f64 for f64), on cpu without ever having all scores in memory, and so are its gradients; gradients towards
 * the bias, and gradients of gradients, have them. Keys and values may have a length along their axis (`upTo`).
 * @throws {ShapeError} for shapes that do not fit.
 * @throws {DTypeError} for a mask that is not bool.
 *
 * @example
 * const seen = scaledDotProductAttention(q, k, v, { causal: true }); // [2, 8, 512, 64] each
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  check(operation, 'q', q, aTensor);
  check(operation, 'k', k, aTensor);
  check(operation, 'v', v, aTensor);
  const { causal = false, mask, bias, scale } = checkOptions(operation, options, optionRules);
  const { queries, keys, size } = sizesOf(q, k, v);
  if (causal && queries > keys)
    throw new ShapeError(
      operation,
      `is causal, and has ${queries} queries for ${keys} keys: the first ${queries - keys} would see nothing; give a key for each query`,
    );
  if (mask && mask.dtype !== 'bool')
    throw new DTypeError(
      operation,
      `the mask is ${mask.dtype}; give bool, true where the query sees the key, or a bias`,
    );
  const dtype = [q, k, v].map((each) => toFloat(each.dtype)).reduce((a, b) => promote(a, b, operation));
  const groups = groupsOf(q, k, v);
  const inputs = inOneBatch(
    [q, k, v].map((each, place) => byGroups(inDType(each, wideFloat(dtype)), place > 0, groups)),
    [mask, bias && inDType(bias, wideFloat(dtype))].map((each) => each && pairsByGroups(each, q.shape, keys, groups)),
  );
  const attributes: AttentionAttributes = {
    causal,
    scale: scale ?? 1 / Math.sqrt(size),
    mask: mask !== undefined,
    bias: bias !== undefined,
  };
  const seen = attend(inputs, attributes);
  return inDType(groups === 1 ? seen : withoutGroups(seen), dtype);
}

function sizesOf(
  q: Tensor,
  k: Tensor,
  v: Tensor,
): { readonly queries: number; readonly keys: number; readonly size: number } {
  const shapes = `${showShape(q.shape)}, ${showShape(k.shape)} and ${showShape(v.shape)}`;
  if (q.rank < 2 || k.rank < 2 || v.rank < 2)
    throw new ShapeError(operation, `takes [..., heads, length, size], not ${shapes}`);
  const [queries, size] = q.shape.slice(-2) as [number, number];
  const [keys, keySize] = k.shape.slice(-2) as [number, number];
  if (size !== keySize || v.shape.at(-2) !== keys)
    throw new ShapeError(operation, `takes queries and keys of one size, and as many values as keys, not ${shapes}`);
  return { queries, keys, size };
}

/** How many heads of queries share a head of keys and values. */
function groupsOf(q: Tensor, k: Tensor, v: Tensor): number {
  const [own, shared, other] = [q, k, v].map(({ shape }) => shape.at(-3) ?? 1) as [number, number, number];
  const heads = Math.max(shared, other);
  if (heads === 1 || own === heads || own === 1) return 1;
  if (heads === 0 || own % heads !== 0 || shared !== other)
    throw new ShapeError(
      operation,
      `${own} heads of queries are no whole number for each of ${shared} heads of keys and ${other} of values`,
    );
  return own / heads;
}

/** Heads [..., heads, length, size] as [..., heads, groups, length, size]. */
function byGroups(x: Tensor, isShared: boolean, groups: number): Tensor {
  if (groups === 1) return x;
  if (isShared) return x.unsqueeze(-3);
  const [heads, length, size] = x.shape.slice(-3) as [number, number, number];
  return x.reshape([...x.shape.slice(0, -3), heads / groups, groups, length, size]);
}

/** [..., heads, groups, length, size] as heads. */
function withoutGroups(x: Tensor): Tensor {
  const [heads, groups, length, size] = x.shape.slice(-4) as [number, number, number, number];
  return x.reshape([...x.shape.slice(0, -4), heads * groups, length, size]);
}

/** What is of each query and key, broadcast to their axes. */
function pairsByGroups(x: Tensor, of: Shape, keys: number, groups: number): Tensor {
  const wanted = [...of.slice(0, -1), keys];
  const shape = broadcastShapes(operation, x.shape, wanted);
  if (!sameShape(shape.slice(-2), wanted.slice(-2)))
    throw new ShapeError(
      operation,
      `${showShape(x.shape)} does not broadcast to the ${wanted.at(-2)} queries and ${keys} keys`,
    );
  return byGroups(wrap(expandNode(x.node, shape)), false, groups);
}

/** All inputs with all batch dimensions. */
function inOneBatch(sequences: readonly Tensor[], pairs: readonly (Tensor | undefined)[]): Tensor[] {
  const inputs = [...sequences, ...pairs.filter((each) => each !== undefined)];
  const batch = broadcastShapes(operation, ...inputs.map(({ shape }) => shape.slice(0, -2)));
  return inputs.map(({ node, shape }) => wrap(expandNode(node, [...batch, ...shape.slice(-2)])));
}

function attend(inputs: readonly Tensor[], attributes: AttentionAttributes): Tensor {
  const [q, , v] = inputs as readonly [Tensor, Tensor, Tensor];
  if (!isFused(inputs)) return decompose(inputs, attributes)[0];
  const { shape } = q;
  const dtype: DType = q.dtype;
  const [seen] = applyKernel(attentionOp, inputs, attributes, [
    { shape: [...shape.slice(0, -1), v.shape.at(-1) as number], dtype },
    { shape: shape.slice(0, -1), dtype },
  ]);
  return seen as Tensor;
}

/** Whether there is an op for inputs: keys alone may have a length, and nobody asks for the gradient of a bias. */
function isFused(inputs: readonly Tensor[]): boolean {
  return inputs.every(({ node, rank, dtype }, place) => {
    const own = place === 0 ? undefined : place < 3 ? rank - 2 : rank - 1;
    const isBounded = node.lengths?.some((length, axis) => length !== undefined && axis !== own) ?? false;
    return !isBounded && !(place >= 3 && isFloat(dtype) && node.gradientRole !== 'none');
  });
}
