/** Padding with a value around, and zeros or more between, the elements. */
import { dtypes } from '../../dtype/dtype.ts';
import { ArgumentError } from '../../errors.ts';
import { ofInput, ofOutput, sameAxes } from '../../graph/axes.ts';
import { lengthsOf, showLengths } from '../../graph/lengths.ts';
import type { Node } from '../../graph/node.ts';
import { literal } from '../../kernel/loop-body.ts';
import * as s from '../../scalar/expression.ts';
import type { Attributes, IndexedOp } from '../../graph/op.ts';

/** Widths before and after each axis, gaps between elements, and the number that fills both. */
export interface Padding {
  readonly widths: readonly (readonly [before: number, after: number])[];
  readonly interior: readonly number[];
  readonly value: number;
}

/** The padding of a node's attributes. */
export function paddingOf(attributes: Attributes): Padding {
  return { ...(attributes as unknown as Padding), value: Number(attributes['value']) };
}

/** A padding as attributes of a node: JSON, which tells infinities, NaN and -0 apart as text only. */
export function paddingAttributes({ widths, interior, value }: Padding): Attributes {
  return { widths, interior, value: literal(value) };
}

/** Sizes after padding. */
export function paddedShape(shape: readonly number[], { widths, interior }: Padding): number[] {
  return shape.map((size, axis) => {
    const [before, after] = widths[axis] as readonly [number, number];
    return before + after + size + Math.max(0, size - 1) * (interior[axis] as number);
  });
}

/** Each output element looks up where it came from. */
export const padOp: IndexedOp = {
  family: 'indexed',
  name: 'pad',
  lengths: ([input], attributes) => {
    const { widths, interior } = paddingOf(attributes);
    const result = lengthsOf(input as Node);
    const padded = result.findIndex(
      (length, axis) => length && [...(widths[axis] as readonly number[]), interior[axis]].some((width) => width !== 0),
    );
    if (padded >= 0)
      throw new ArgumentError(
        'pad',
        `axis ${padded} of ${showLengths(input as Node)} has a length; pad it before upTo, or join it with concat`,
      );
    return { result, space: result };
  },
  axes: ({ shape, attributes }) => {
    const { widths, interior } = paddingOf(attributes);
    const isPadded = (axis: number): boolean =>
      [...(widths[axis] as readonly number[]), interior[axis]].some((width) => width !== 0);
    return shape.flatMap((_, axis) => (isPadded(axis) ? [] : [sameAxes(ofOutput(axis), ofInput(0, axis))]));
  },
  gradient: (g, { inputs, attributes }) => {
    const { widths, interior } = paddingOf(attributes);
    const shape = inputs[0]?.shape ?? [];
    return [
      g.sliceWith({
        start: widths.map(([before]) => before),
        count: shape,
        step: interior.map((gap) => gap + 1),
      }),
    ];
  },
  emit: ({ node, coordinate, gather, emit }) => {
    const { widths, interior, value } = paddingOf(node.attributes);
    const from = node.inputs[0]?.shape ?? [];
    const axes: (number | undefined)[] = [];
    const terms: { axis: number; index: number }[] = [];
    let inside: number | undefined;
    for (const [axis, size] of from.entries()) {
      const [before, after] = widths[axis] as readonly [number, number];
      const gap = (interior[axis] as number) + 1;
      const padded = before !== 0 || after !== 0 || gap !== 1;
      axes.push(padded ? undefined : axis);
      if (!padded) continue;
      const position = s.argument(0, 'i32');
      const moved = s.sub(position, before);
      const quotient = gap === 1 ? moved : s.div(moved, gap);
      const within = s.and(s.le(0, moved), s.lt(quotient, size));
      const hit = gap === 1 ? within : s.and(within, s.eq(s.rem(moved, gap), 0));
      const at = coordinate(axis);
      terms.push({ axis, index: emit(s.min(s.max(quotient, 0), size - 1), [at]) });
      const here = emit(hit, [at]);
      inside = inside === undefined ? here : emit(s.and(s.argument(0, 'bool'), s.argument(1, 'bool')), [inside, here]);
    }
    const found = gather(terms, axes);
    if (inside === undefined) return found;
    const { compute } = dtypes[node.dtype];
    return emit(s.select(s.argument(0, 'bool'), s.argument(1, compute), value), [inside, found]);
  },
};
