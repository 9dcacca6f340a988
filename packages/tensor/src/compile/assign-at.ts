/** Writing into a part of a tensor, in place. */
import { aCount, aNumber, check } from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { shapedNode, storedNode } from '../graph/build.ts';
import { showLengths } from '../graph/lengths.ts';
import { modes } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { Storage } from '../graph/storage.ts';
import { updateOp } from '../ops/kernels/update.ts';
import { checkIndexNode, checkSum, indexChecks } from '../runtime/index-checks.ts';
import { scalarBytes } from '../runtime/realize.ts';
import { normalizeAxis, showShape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { castNode, wrap } from '../tensor/wrap.ts';
import { compile, type Compiled } from './compile.ts';

/** Steps of one assignment each, by axis, for calls outside of a step. */
const steps = new Map<number, Compiled<[Tensor, Tensor, Tensor], void>>();

/**
 * Gives a part of a tensor new values: those from `position` on along an axis, as many as `value` has there (fewer where
 * that has a length, see `upTo`). The other sizes are equal. Nothing else is written or copied, unless somebody still needs
 * the old value, which then stays theirs. Whoever reads the tensor later, in the same compiled step too, sees the new one.
 *
 * `position` is a number or a scalar of integers, which a step takes as an argument to serve every position. One that is
 * known has to leave room for the value, or for the length that it has where that is known too; one that a step computes is
 * moved to the nearest at which the value fits.
 * @throws {ShapeError | DTypeError | ArgumentError} for a position outside, for a tensor that has a length, and where
 * gradients are tracked.
 *
 * @example
 * const step = compile((key: Tensor, at: Tensor) => assignAt(keys, 0, at, key)); // keys [512, 64], key [1, 64]
 */
export function assignAt(target: Tensor, axis: number, position: Tensor | number, value: Tensor): void {
  check('assignAt', 'the tensor', target, aTensor);
  check('assignAt', 'the axis', axis, aNumber);
  check('assignAt', 'the value', value, aTensor);
  const along = normalizeAxis('assignAt', axis, target.rank);
  const fits =
    value.rank === target.rank &&
    value.shape.every((size, a) => (a === along ? size <= (target.shape[a] as number) : size === target.shape[a]));
  if (!fits)
    throw new ShapeError(
      'assignAt',
      `the value has shape ${showShape(value.shape)}, the tensor ${showShape(target.shape)}; sizes are equal but along axis ${along}, where the value may have fewer`,
    );
  if (value.dtype !== target.dtype)
    throw new DTypeError('assignAt', `the value is ${value.dtype}, the tensor ${target.dtype}; cast it first`);
  if (target.node.lengths)
    throw new ArgumentError(
      'assignAt',
      `the tensor ${showLengths(target.node)} has a length; write into the one that it was taken from`,
    );
  if (target.requiresGrad || (value.requiresGrad && modes.gradients))
    throw new ArgumentError('assignAt', 'has no gradient; write values that are detached, and into no parameter');
  const room = (target.shape[along] as number) - (value.node.lengths?.[along] ? 0 : (value.shape[along] as number));
  const start = positionTensor(position, target, room);
  checkRoom(start.node, value.node, along, target.shape[along] as number);
  if (!modes.trace && !indexChecks.everywhere) {
    const step = steps.get(along) ?? compile((to: Tensor, at: Tensor, from: Tensor) => assignAt(to, along, at, from));
    steps.set(along, step);
    step(target, start, value);
    return;
  }
  const inputs = [target.node, value.node, castNode(start.node, 'i32')];
  target.assign(wrap(shapedNode(updateOp, inputs, { axis: along }, target.shape, target.dtype)));
}

/**
 * A value that has a length along the axis: it fits as far as that goes.
 * @throws {ArgumentError} where position and length are known.
 */
function checkRoom(position: Node, { lengths }: Node, axis: number, size: number): void {
  const length = lengths?.[axis];
  if (!length) return;
  checkSum([position, length], {
    most: size,
    wrong: (at = 0, count = 0) =>
      new ArgumentError(
        'assignAt',
        `the position is ${at} and the value has the length ${count}; along an axis of size ${size} it fits from 0 to ${size - count}`,
      ),
  });
}

/** The position as a scalar, from 0 to `last`. */
function positionTensor(position: Tensor | number, { device }: Tensor, last: number): Tensor {
  const wrong = (at: number): ArgumentError =>
    new ArgumentError('assignAt', `the position is ${at}; the value fits from 0 to ${last}`);
  if (typeof position === 'number') {
    check('assignAt', 'the position', position, aCount);
    if (position > last) throw wrong(position);
    return wrap(storedNode(Storage.host(device, scalarBytes(position, 'i32')), [], 'i32'));
  }
  check('assignAt', 'the position', position, aTensor);
  if (position.size !== 1)
    throw new ShapeError('assignAt', `the position is a tensor ${showShape(position.shape)}; give a scalar`);
  checkIndexNode(position.node, { operation: 'assignAt', size: last + 1, wrong });
  return position.rank === 0 ? position : position.reshape([]);
}
