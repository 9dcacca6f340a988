/**
 * Axes: which of an op's result follow which of its inputs, index by index. What an index of one axis stands for, such as a
 * channel, is followed by this through a whole graph.
 *
 * An op says what it knows; an axis that it says nothing of is needed whole, and the places of its indices matter.
 */
import { sizeOf, type Shape } from '../shape/shape.ts';
import { movementOf } from './op.ts';
import type { Node } from './node.ts';

/** An axis of an input, of the result, or one that only the op itself knows: `hidden` tells those of one op apart. */
export type AxisPlace =
  | { readonly input: number; readonly axis: number }
  | { readonly output: number }
  | { readonly hidden: number; readonly size: number };

/** How some axes of one op hang together. */
export type AxisRelation =
  /** Index i of one is index i of all others. */
  | { readonly kind: 'same'; readonly axes: readonly AxisPlace[] }
  /** Index i of one factor is multiplied with index i of the other, and all products are added up. */
  | { readonly kind: 'contracted'; readonly axes: readonly [AxisPlace, AxisPlace] }
  /** Two lists of axes that are one axis where each list is joined, row-major. */
  | { readonly kind: 'joined'; readonly sides: readonly [readonly AxisPlace[], readonly AxisPlace[]] }
  /** An axis of parts, one behind the other. */
  | { readonly kind: 'parts'; readonly whole: AxisPlace; readonly parts: readonly AxisPlace[] }
  /** Every index of it is the same: nothing depends on how many there are. */
  | { readonly kind: 'repeated'; readonly axis: AxisPlace };

/** Says how the axes of an op's result follow those of its inputs. */
export type AxisRule = (node: Node) => readonly AxisRelation[];

/** An axis of an input. */
export function ofInput(input: number, axis: number): AxisPlace {
  return { input, axis };
}

/** An axis of the result. */
export function ofOutput(axis: number): AxisPlace {
  return { output: axis };
}

/** Axes that are one, index by index. */
export function sameAxes(...axes: readonly AxisPlace[]): AxisRelation {
  return { kind: 'same', axes };
}

/** What the op of a node says of its axes. */
export function relationsOf(node: Node): readonly AxisRelation[] {
  const { op, shape, inputs, attributes } = node;
  switch (op.family) {
    case 'elementwise':
      return shape.map((_, axis) =>
        sameAxes(ofOutput(axis), ...inputs.slice(0, op.arity).map((_input, input) => ofInput(input, axis))),
      );
    case 'reduction': {
      const folded = attributes['axes'] as readonly number[];
      return shape.flatMap((_, axis) => (folded.includes(axis) ? [] : [sameAxes(ofOutput(axis), ofInput(0, axis))]));
    }
    case 'movement':
      return moved(node);
    case 'indexed':
    case 'kernel':
      return op.axes?.(node) ?? [];
    case 'source':
      // What a kernel says is of its first output.
      return op.source === 'output' && attributes['index'] === 0
        ? shape.map((_, axis) => sameAxes(ofOutput(axis), ofInput(0, axis)))
        : [];
  }
}

function moved(node: Node): readonly AxisRelation[] {
  const movement = movementOf(node);
  const from = (node.inputs[0] as Node).shape;
  switch (movement.kind) {
    case 'reshape':
      return reshaped(from, node.shape);
    case 'permute':
      return movement.axes.map((axis, position) => sameAxes(ofOutput(position), ofInput(0, axis)));
    case 'expand': {
      const added = node.shape.length - from.length;
      return node.shape.map((size, axis) =>
        from[axis - added] === size
          ? sameAxes(ofOutput(axis), ofInput(0, axis - added))
          : { kind: 'repeated', axis: ofOutput(axis) },
      );
    }
    case 'slice':
      return from.flatMap((size, axis) => {
        const [start, count, step] = [movement.start, movement.count, movement.step].map(
          (each) => each[axis] as number,
        );
        return sliced(axis, size, start as number, count as number, step as number);
      });
    case 'windows':
      return from
        .slice(0, from.length - movement.kernel.length)
        .map((_, axis) => sameAxes(ofOutput(axis), ofInput(0, axis)));
  }
}

/** What is left of an axis is a part of it, with those before and behind that are not there any more. */
function sliced(axis: number, size: number, start: number, count: number, step: number): AxisRelation[] {
  const [whole, part] = [ofInput(0, axis), ofOutput(axis)];
  if (step !== 1 || count === 0) return [];
  if (count === size) return [sameAxes(part, whole)];
  const rest = size - start - count;
  const before = start > 0 ? [{ hidden: 2 * axis, size: start }] : [];
  const behind = rest > 0 ? [{ hidden: 2 * axis + 1, size: rest }] : [];
  return [{ kind: 'parts', whole, parts: [...before, part, ...behind] }];
}

/** The shortest runs of axes that hold the same elements before and after; sizes of 1 are in none. */
function reshaped(from: Shape, to: Shape): AxisRelation[] {
  if (sizeOf(from) === 0) return [];
  const places = (shape: Shape, place: (axis: number) => AxisPlace): [AxisPlace, number][] =>
    shape.flatMap((size, axis): [AxisPlace, number][] => (size === 1 ? [] : [[place(axis), size]]));
  const before = places(from, (axis) => ofInput(0, axis));
  const after = places(to, ofOutput);
  const relations: AxisRelation[] = [];
  while (before.length > 0) {
    const sides: [AxisPlace[], AxisPlace[]] = [[], []];
    const sizes: [number, number] = [1, 1];
    do {
      const side = sizes[0] <= sizes[1] ? 0 : 1;
      const [place, size] = (side === 0 ? before : after).shift() as [AxisPlace, number];
      sides[side].push(place);
      sizes[side] *= size;
    } while (sizes[0] !== sizes[1]);
    relations.push({ kind: 'joined', sides });
  }
  return relations;
}
