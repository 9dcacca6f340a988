/** Functions of several tensors that no one of them owns. */
import { promote } from '../dtype/promote.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { shapedNode } from '../graph/build.ts';
import { concatOp } from '../ops/kernels/concat.ts';
import { normalizeAxis, showShape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { castNode, wrap, type TensorLike } from '../tensor/wrap.ts';

/** Joined along an existing axis; all other sizes must be equal. Throws ShapeError if they are not. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (!first) throw new ArgumentError('concat', 'got no tensors; give at least one');
  const along = normalizeAxis('concat', axis, first.rank);
  for (const { shape } of tensors)
    if (shape.length !== first.rank || shape.some((size, a) => a !== along && size !== first.shape[a]))
      throw new ShapeError(
        'concat',
        `${showShape(first.shape)} and ${showShape(shape)} differ off axis ${along}; only sizes along it may`,
      );
  const dtype = tensors.map((part) => part.dtype).reduce(promote);
  const parts = tensors.filter((part) => part.size > 0).map((part) => castNode(part.node, dtype));
  const shape = first.shape.map((size, a) =>
    a === along ? tensors.reduce((sum, part) => sum + (part.shape[a] as number), 0) : size,
  );
  const [only] = parts;
  if (!only) return first.cast(dtype).filled(shape, 0);
  return wrap(parts.length === 1 ? only : shapedNode(concatOp, parts, { axis: along }, shape, dtype));
}

/** Joined along a new axis; all shapes must be equal. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((part) => part.unsqueeze(axis)),
    axis,
  );
}

/** `whenTrue` where `condition` holds, else `whenFalse`; at least one of the two is a tensor. */
export function where(condition: Tensor, whenTrue: TensorLike, whenFalse: TensorLike): Tensor {
  if (typeof whenTrue === 'object') return whenTrue.where(condition, whenFalse);
  if (typeof whenFalse === 'object') return whenFalse.where(condition.logicalNot(), whenTrue);
  return condition.cast('f32').filled([], Number(whenTrue)).where(condition, whenFalse);
}
