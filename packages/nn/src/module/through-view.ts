/** What views make of a parameter is held to what they may. */
import { ArgumentError, type Tensor } from '@espalier/tensor';
import { aTensor, describe, showShape } from '@espalier/tensor/arguments';

/** What is looked at of a view. */
interface Seen {
  readonly name: string;
  readonly apply: (tensor: Tensor) => Tensor;
}

/**
 * A tensor through a view.
 * @throws {ArgumentError} naming the view that gives another thing than it may.
 */
export function throughView(tensor: Tensor, view: Seen): Tensor {
  const seen: unknown = view.apply(tensor);
  const isTensor = aTensor.holds(seen);
  if (isTensor && seen.shape.join() === tensor.shape.join()) return seen;
  const show = ({ shape, dtype }: Tensor): string => `${dtype} ${showShape(shape)}`;
  throw new ArgumentError(
    'Parameter.value',
    `the view '${view.name}' gave ${isTensor ? show(seen) : describe(seen)} for ${show(tensor)}; a view keeps the shape`,
  );
}
