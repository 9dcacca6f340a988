/**
 * Lengths: along an axis a tensor may have fewer elements than its size, as many as an i32 scalar says when the value is
 * computed. Memory and strides are those of the size; elements beyond the length are neither computed nor read.
 *
 * Here is how lengths pass from the inputs of an op to its result. An op that does not say how refuses them.
 */
import { ArgumentError } from '../errors.ts';
import type { Attributes, Op } from './op.ts';
import type { Movement } from '../shape/layout.ts';
import { sameShape, showShape, sizeOf, type Shape } from '../shape/shape.ts';
import type { Lengths, Node } from './node.ts';

/** Lengths of an op that is about to become a node. */
export interface CarriedLengths {
  /** Of the result, by its axes. */
  readonly result: Lengths;
  /** Of the space that is walked to compute it, by the axes of that. */
  readonly space: Lengths;
  /** One that the op itself looks at: the last input of the node, whose place is `attributes.end`. */
  readonly end?: Node | undefined;
}

/**
 * The lengths of an op on inputs; undefined where there are none.
 * @throws {ArgumentError} where the op cannot have them.
 */
export function carriedLengths(
  op: Op,
  inputs: readonly Node[],
  attributes: Attributes,
  shape: Shape,
): CarriedLengths | undefined {
  if (!inputs.some(({ lengths }) => lengths)) return undefined;
  const first = inputs[0] as Node;
  switch (op.family) {
    case 'elementwise':
      return same(commonLengths(op.name, inputs, shape));
    case 'reduction': {
      const axes = attributes['axes'] as readonly number[];
      const space = lengthsOf(first);
      return { space, result: space.map((length, axis) => (axes.includes(axis) ? undefined : length)) };
    }
    case 'movement':
      return same(movedLengths(op.name, first, attributes['movement'] as Movement));
    case 'kernel':
    case 'indexed':
      if (op.lengths) return op.lengths(inputs, attributes);
      break;
    default:
  }
  throw new ArgumentError(
    op.name,
    `does not take a tensor with a length along an axis, as ${inputs.map(showLengths).join(' and ')} ${inputs.length === 1 ? 'has' : 'have'}; compute it for the whole size before upTo`,
  );
}

const same = (lengths: Lengths): CarriedLengths => ({ result: lengths, space: lengths });

/** The lengths of a node by axis. */
export function lengthsOf({ lengths, shape }: Node): Lengths {
  return lengths ?? shape.map(() => undefined);
}

/** Where inputs that were broadcast to one shape agree: an axis has the length of all inputs that are not repeated along it. */
export function commonLengths(operation: string, inputs: readonly Node[], shape: Shape): Lengths {
  return shape.map((_, axis) =>
    agreed(
      operation,
      axis,
      inputs.map((input) => ({ input, axis })),
    ),
  );
}

/**
 * The one length that inputs have along axes that stand for each other; those that repeat one element have any.
 * @throws {ArgumentError} where they have several.
 */
export function agreed(
  operation: string,
  place: number,
  sides: readonly { readonly input: Node; readonly axis: number }[],
): Node | undefined {
  const own = sides.filter(({ input, axis }) => !repeats(input, axis));
  const [first] = own;
  const length = first?.input.lengths?.[first.axis];
  const other = own.find(({ input, axis }) => !isSameLength(input.lengths?.[axis], length));
  if (other && first)
    throw new ArgumentError(
      operation,
      `along axis ${place}, ${showLengths(first.input)} and ${showLengths(other.input)} have not the same length: take both upTo the same tensor`,
    );
  return length;
}

/** Whether two lengths are one, as that of one scalar is for which `upTo` made an i32 of another dtype or shape twice. */
export function isSameLength(a: Node | undefined, b: Node | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && scalarOf(a) === scalarOf(b));
}

function scalarOf(length: Node): Node {
  const [source] = length.inputs;
  const isMade = length.op.name === 'reshape' || (length.op.name === 'cast' && length.dtype === 'i32');
  return isMade && source ? scalarOf(source) : length;
}

/** The lengths of inputs that agree along all axes but one, which has none. */
export function agreedOff(operation: string, inputs: readonly Node[], axis: number): Lengths {
  return (inputs[0] as Node).shape.map((_, a) =>
    a === axis
      ? undefined
      : agreed(
          operation,
          a,
          inputs.map((input) => ({ input, axis: a })),
        ),
  );
}

/** Whether an input shows one element again and again along an axis. */
function repeats(node: Node, axis: number): boolean {
  if (node.lengths?.[axis]) return false;
  if (node.shape[axis] === 1) return true;
  const movement = node.attributes['movement'] as Movement | undefined;
  const source = node.inputs[0];
  if (movement?.kind !== 'expand' || !source) return false;
  const before = axis - (node.shape.length - source.shape.length);
  return before < 0 || repeats(source, before);
}

/** Lengths after a movement, where it takes the axes that have them whole. */
function movedLengths(operation: string, from: Node, movement: Movement): Lengths {
  const { shape } = from;
  const lengths = lengthsOf(from);
  const refuse = (axis: number, remedy: string): never => {
    throw new ArgumentError(operation, `axis ${axis} of ${showLengths(from)} has a length; ${remedy} before upTo`);
  };
  switch (movement.kind) {
    case 'permute':
      return movement.axes.map((axis) => lengths[axis]);
    case 'expand': {
      const added = movement.shape.length - shape.length;
      return movement.shape.map((size, axis) => {
        const length = lengths[axis - added];
        return length && size !== shape[axis - added] ? refuse(axis - added, 'expand it') : length;
      });
    }
    case 'slice':
      return lengths.map((length, axis) => {
        const whole = movement.count[axis] === shape[axis] && movement.start[axis] === 0 && movement.step[axis] === 1;
        return length && !whole ? refuse(axis, 'slice it') : length;
      });
    case 'reshape': {
      const result = new Array<Node | undefined>(movement.shape.length).fill(undefined);
      let next = 0;
      for (const [axis, length] of lengths.entries()) {
        if (!length) continue;
        const target = placeAfter(movement, shape, axis, next);
        if (target === undefined) return refuse(axis, 'squeeze, join or split it');
        result[target] = length;
        next = target + 1;
      }
      return result;
    }
    case 'windows':
      return lengths.map((length, axis) => (length ? refuse(axis, 'slide windows over it') : length));
  }
}

/**
 * Where an axis is after a reshape, from `next` on; undefined where it is joined with others or split. Of several axes of size
 * 1 it is the one at the same place counted from the first, if those before are the same, or from the last, if those behind
 * are; where that is not one and the same, nobody can tell.
 */
function placeAfter(
  { shape: to, from }: Extract<Movement, { readonly kind: 'reshape' }>,
  shape: Shape,
  axis: number,
  next: number,
): number | undefined {
  if (from) return from.includes(axis) ? from.indexOf(axis) : undefined;
  const before = sizeOf(shape.slice(0, axis));
  const places = to.flatMap((size, place) =>
    place >= next && size === shape[axis] && sizeOf(to.slice(0, place)) === before ? [place] : [],
  );
  if (places.length < 2) return places[0];
  const [end, place] = [axis + 1, to.length - shape.length + axis];
  const asBefore = sameShape(to.slice(0, end), shape.slice(0, end)) ? [axis] : [];
  const asBehind = place >= 0 && sameShape(to.slice(place), shape.slice(axis)) ? [place] : [];
  const likely = new Set([...asBefore, ...asBehind].filter((each) => places.includes(each)));
  if (likely.size === 1) return [...likely][0];
  throw new ArgumentError(
    'reshape',
    `axis ${axis} of ${showShape(shape)} has a length, and ${showShape(to)} does not tell which of its axes of size 1 that is; use unsqueeze and squeeze`,
  );
}

/** A shape in which axes with a length are marked. */
export function showLengths({ shape, lengths }: Node): string {
  return lengths ? `[${shape.map((size, axis) => (lengths[axis] ? `≤${size}` : size)).join(', ')}]` : showShape(shape);
}
