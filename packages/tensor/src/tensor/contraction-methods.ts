/** Products: matrices, vectors, convolutions. */
import { checkGeometry } from '../arguments/geometry.ts';
import { check, oneOf, refuse, ruleOf, satisfies, type Rule } from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { promote } from '../dtype/promote.ts';
import { ShapeError } from '../errors.ts';
import { shapedNode } from '../graph/build.ts';
import type { Conv2dGeometry } from '../kernel/spec.ts';
import { convolutionOps, conv2dShapes } from '../ops/kernels/conv2d.ts';
import { matmulOp } from '../ops/kernels/matmul.ts';
import { broadcastShapes, sameShape, showShape, sizeOf } from '../shape/shape.ts';
import { MovementMethods } from './movement-methods.ts';
import type { Tensor } from './tensor.ts';
import { accumulationDType, castNode, wrap } from './wrap.ts';

/** What a tensor may be multiplied with beside a tensor: a matrix in a format. */
export interface RightFactor<Options extends object = object> {
  /** x times this. */
  after(x: Tensor, options?: Options): Tensor;
}

const aRightFactor: Rule<RightFactor> = ruleOf(
  'a matrix in a format',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof MovementMethods) &&
    typeof (value as Partial<RightFactor>).after === 'function',
);

const aPass = oneOf('forward', 'input', 'weight');

/** Adds products to a tensor. */
export abstract class ContractionMethods extends MovementMethods {
  /**
   * The matrix product over the last two axes; leading axes broadcast. A vector on the left is a row, on the right a
   * column, and that axis vanishes. `b` may be a matrix in a format (see `encodeMatrix`), which is multiplied as it is
   * stored, with the options of its products.
   * @throws {ShapeError} if the inner sizes differ.
   */
  matmul(b: Tensor): Tensor;
  matmul<Options extends object>(b: Tensor | RightFactor<Options>, options?: Options): Tensor;
  matmul(b: Tensor | RightFactor, options?: object): Tensor {
    if (satisfies(aRightFactor, b)) return b.after(wrap(this.node), options);
    if (options !== undefined)
      refuse('matmul', 'options', options, 'absent: only products with a matrix in a format have any');
    check('matmul', 'b', b, aTensor);
    const left = this.rank === 1 ? this.unsqueeze(0) : wrap(this.node);
    const right = b.rank === 1 ? b.unsqueeze(1) : b;
    const [m, k] = left.shape.slice(-2);
    const [inner, n] = right.shape.slice(-2);
    if (this.rank === 0 || b.rank === 0 || k !== inner)
      throw new ShapeError(
        'matmul',
        `inner sizes differ: ${showShape(this.shape)} × ${showShape(b.shape)}; ${this.rank === 0 || b.rank === 0 ? 'scalars are multiplied with mul' : `the second must start with ${k}`}`,
      );
    const product = batched(left, right, m as number, k as number, n as number);
    return this.rank === 1 || b.rank === 1
      ? product.squeeze([...(this.rank === 1 ? [-2] : []), ...(b.rank === 1 ? [-1] : [])])
      : product;
  }

  /**
   * The inner product of two vectors.
   * @throws {ShapeError} unless both are vectors, of one size.
   */
  dot(b: Tensor): Tensor {
    check('dot', 'b', b, aTensor);
    if (this.rank !== 1 || b.rank !== 1)
      throw new ShapeError(
        'dot',
        `takes two vectors, not ${showShape(this.shape)} and ${showShape(b.shape)}; use matmul`,
      );
    return this.matmul(b);
  }

  /**
   * Every product of an element of this vector with one of `b`: [n] and [m] give [n, m].
   * @throws {ShapeError} unless both are vectors.
   */
  outer(b: Tensor): Tensor {
    check('outer', 'b', b, aTensor);
    if (this.rank !== 1 || b.rank !== 1)
      throw new ShapeError('outer', `takes two vectors, not ${showShape(this.shape)} and ${showShape(b.shape)}`);
    return this.unsqueeze(1).mul(b.unsqueeze(0));
  }

  /**
   * One of the three convolution kernels on operands of exactly the geometry's shapes: `forward` takes x and w, `input`
   * the output's gradient and w, `weight` x and the output's gradient. `conv2d` is the function for users.
   * @throws {ShapeError} for operands of other shapes.
   */
  convolutionGradient(pass: 'forward' | 'input' | 'weight', other: Tensor, geometry: Conv2dGeometry): Tensor {
    check('conv2d', 'pass', pass, aPass);
    check('conv2d', 'the other operand', other, aTensor);
    checkGeometry('conv2d', geometry);
    const shapes = conv2dShapes(geometry);
    const [first, second, shape] = {
      forward: [shapes.x, shapes.w, shapes.y],
      input: [shapes.y, shapes.w, shapes.x],
      weight: [shapes.x, shapes.y, shapes.w],
    }[pass] as [number[], number[], number[]];
    if (!sameShape(this.shape, first) || !sameShape(other.shape, second))
      throw new ShapeError(
        'conv2d',
        `${showShape(this.shape)} and ${showShape(other.shape)} are not the ${showShape(first)} and ${showShape(second)} of the geometry`,
      );
    return wrap(
      shapedNode(
        convolutionOps[pass],
        [this.node, other.node],
        { ...geometry },
        shape,
        promote(this.dtype, other.dtype, 'conv2d'),
      ),
    );
  }
}

function batched(left: Tensor, right: Tensor, m: number, k: number, n: number): Tensor {
  const dtype = accumulationDType(promote(left.dtype, right.dtype, 'matmul'));
  const [a, b] = [wrap(castNode(left.node, dtype)), wrap(castNode(right.node, dtype))];
  // One matrix for a whole batch: the batch is more rows of a single, larger product.
  if (a.rank > 2 && b.rank === 2 && !a.node.lengths?.slice(0, -1).some((length) => length)) {
    const count = sizeOf(a.shape.slice(0, -1));
    const rows = wrap(shapedNode(matmulOp, [a.reshape(count, k).node, b.node], {}, [count, n], dtype));
    return rows.reshape([...a.shape.slice(0, -1), n]);
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return wrap(
    shapedNode(
      matmulOp,
      [a.expand([...batch, m, k]).node, b.expand([...batch, k, n]).node],
      {},
      [...batch, m, n],
      dtype,
    ),
  );
}
