/** Movement ops: views whose gradients are views again, or paddings. */
import type { Movement } from '../shape/layout.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { GradientSite, MovementOp } from '../graph/op.ts';

type MovementGradient<K extends Movement['kind']> = (
  gradient: Tensor,
  movement: Extract<Movement, { kind: K }>,
  input: Tensor,
) => Tensor;

function movement<K extends Movement['kind']>(kind: K, gradient: MovementGradient<K>): MovementOp {
  return {
    family: 'movement',
    name: kind,
    gradient: (g, site: GradientSite) => [
      gradient(g, site.attributes['movement'] as Extract<Movement, { kind: K }>, site.inputs[0] as Tensor),
    ],
  };
}

/** Sums the axes along which a value was repeated. */
function sumExpanded(gradient: Tensor, input: Tensor): Tensor {
  const added = gradient.rank - input.rank;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < added || (input.shape[axis - added] === 1 && size !== 1) ? [axis] : [],
  );
  return gradient.sum(axes, { keepDims: true }).reshape(input.shape);
}

/** Puts the gradient of a slice back to where it was cut out, with zeros between and around. */
function spreadSlice(
  gradient: Tensor,
  { start, count, step }: Extract<Movement, { kind: 'slice' }>,
  input: Tensor,
): Tensor {
  const reversed = step.flatMap((by, axis) => (by < 0 ? [axis] : []));
  const widths = step.map((by, axis): [number, number] => {
    const span = count[axis] === 0 ? 0 : ((count[axis] as number) - 1) * Math.abs(by) + 1;
    const lowest = by < 0 ? (start[axis] as number) - (span - 1) : (start[axis] as number);
    const before = count[axis] === 0 ? 0 : lowest;
    return [before, (input.shape[axis] as number) - before - span];
  });
  return gradient.flip(reversed).padWith({ widths, interior: step.map((by) => Math.abs(by) - 1), value: 0 });
}

/** Adds up the windows that cover each element. */
function foldWindows(
  gradient: Tensor,
  { kernel, stride, dilation }: Extract<Movement, { kind: 'windows' }>,
  input: Tensor,
): Tensor {
  const lead = input.rank - kernel.length;
  const offsets = kernel.reduce<number[][]>(
    (list, size) => list.flatMap((prefix) => Array.from({ length: size }, (_, offset) => [...prefix, offset])),
    [[]],
  );
  const parts = offsets.map((offset) => {
    let part = gradient;
    for (const position of offset.toReversed()) part = part.select(-1, position);
    const widths = input.shape.map((size, axis): [number, number] => {
      if (axis < lead) return [0, 0];
      const before = (offset[axis - lead] as number) * (dilation[axis - lead] as number);
      const positions = gradient.shape[axis] as number;
      return [before, size - before - (positions === 0 ? 0 : (positions - 1) * (stride[axis - lead] as number) + 1)];
    });
    return part.padWith({
      widths,
      interior: input.shape.map((_, axis) => (axis < lead ? 0 : (stride[axis - lead] as number) - 1)),
      value: 0,
    });
  });
  return parts.reduce((sum, part) => sum.add(part));
}

/** The movement ops, by the kind of their movement. */
export const movementOps: { readonly [K in Movement['kind']]: MovementOp } = {
  reshape: movement('reshape', (g, _, input) => g.reshape(input.shape)),
  permute: movement('permute', (g, { axes }) => g.permute(axes.map((_, axis) => axes.indexOf(axis)))),
  expand: movement('expand', (g, _, input) => sumExpanded(g, input)),
  slice: movement('slice', spreadSlice),
  windows: movement('windows', foldWindows),
};
