/** Shapes for users: the same as the engine's own, with their arguments checked. */
import { aText, check } from '../arguments/rules.ts';
import { broadcastShapes as broadcast, checkShape, sizeOf as count, type Shape } from '../shape/shape.ts';

/**
 * Number of elements.
 * @throws {ShapeError} for what is no shape.
 */
export function sizeOf(shape: Shape): number {
  return count(checkShape('sizeOf', shape));
}

/**
 * The shape that all given shapes broadcast to (NumPy's rule).
 * @throws {ShapeError} naming the shapes, for `operation`.
 */
export function broadcastShapes(operation: string, ...shapes: readonly Shape[]): number[] {
  check('broadcastShapes', 'the operation', operation, aText);
  return broadcast(operation, ...shapes.map((shape) => checkShape(operation, shape)));
}
