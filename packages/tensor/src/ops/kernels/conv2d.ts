/** 2-D convolution and its two gradients: three ops, each the gradient of the others. */
import type { DType } from '../../dtype/dtype.ts';
import { ofInput, ofOutput, sameAxes, type AxisPlace, type AxisRelation } from '../../graph/axes.ts';
import type { Node } from '../../graph/node.ts';
import type { Access, Binding, Conv2dGeometry, Conv2dSpec } from '../../kernel/spec.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import type { Attributes, KernelOp } from '../../graph/op.ts';
import { contractionOp } from './contraction-op.ts';

/** Shapes of image, weight and output. */
export function conv2dShapes(geometry: Conv2dGeometry): {
  readonly x: number[];
  readonly w: number[];
  readonly y: number[];
} {
  const { batch, groups, inChannels, outChannels, inSize, outSize, kernel } = geometry;
  return {
    x: [batch, inChannels, ...inSize],
    w: [outChannels, inChannels / groups, ...kernel],
    y: [batch, outChannels, ...outSize],
  };
}

const geometryOf = (attributes: Attributes): Conv2dGeometry => attributes as unknown as Conv2dGeometry;

function convolution(
  pass: Conv2dSpec['pass'],
  roles: readonly ['x' | 'w' | 'y', 'x' | 'w' | 'y', 'x' | 'w' | 'y'],
  gradient: NonNullable<KernelOp['gradient']>,
): KernelOp {
  return contractionOp({
    name: pass === 'forward' ? 'conv2d' : `conv2d-${pass}-gradient`,
    strided: false,
    gradient,
    ...(pass === 'forward' && { axes: convolved }),
    contraction: (node) => conv2dSpec(node, pass, roles),
  });
}

function conv2dSpec(node: Node, pass: Conv2dSpec['pass'], roles: readonly ('x' | 'w' | 'y')[]): Conv2dSpec {
  const geometry = geometryOf(node.attributes);
  const shapes = conv2dShapes(geometry);
  const access = (role: 'x' | 'w' | 'y'): Access => ({
    binding: roles.indexOf(role),
    offset: 0,
    strides: contiguousStrides(shapes[role]),
  });
  const binding = (dtype: DType, mode: Binding['access']): Binding => ({ dtype, access: mode });
  return {
    kind: 'conv2d',
    pass,
    bindings: [...node.inputs.map((input) => binding(input.dtype, 'read')), binding(node.dtype, 'write')],
    ...geometry,
    x: access('x'),
    w: access('w'),
    y: access('y'),
  };
}

/** Examples and channels; of several groups the channels of x, and of y, are groups of channels. Places of images stay where they are. */
function convolved({ attributes }: Node): AxisRelation[] {
  const { groups, inChannels, outChannels } = geometryOf(attributes);
  const [x, w, y] = [ofInput(0, 1), ofInput(1, 0), ofOutput(1)];
  const examples = sameAxes(ofOutput(0), ofInput(0, 0));
  if (groups === 1) return [examples, sameAxes(y, w), { kind: 'contracted', axes: [x, ofInput(1, 1)] }];
  const [group, own, made]: [AxisPlace, AxisPlace, AxisPlace] = [
    { hidden: 0, size: groups },
    { hidden: 1, size: inChannels / groups },
    { hidden: 2, size: outChannels / groups },
  ];
  return [
    examples,
    { kind: 'joined', sides: [[x], [group, own]] },
    { kind: 'joined', sides: [[w], [group, made]] },
    { kind: 'joined', sides: [[y], [group, made]] },
    { kind: 'contracted', axes: [own, ofInput(1, 1)] },
  ];
}

/** y = convolution of x with w. */
export const conv2dOp: KernelOp = convolution('forward', ['x', 'w', 'y'], (g, { inputs: [x, w], attributes }) =>
  x && w
    ? [
        g.convolutionGradient('input', w, geometryOf(attributes)),
        x.convolutionGradient('weight', g, geometryOf(attributes)),
      ]
    : [],
);

/** The gradient with respect to x, from those of y and w. */
export const conv2dInputOp: KernelOp = convolution('input', ['y', 'w', 'x'], (g, { inputs: [y, w], attributes }) =>
  y && w
    ? [
        g.convolutionGradient('forward', w, geometryOf(attributes)),
        g.convolutionGradient('weight', y, geometryOf(attributes)),
      ]
    : [],
);

/** The gradient with respect to w, from x and the gradient of y. */
export const conv2dWeightOp: KernelOp = convolution('weight', ['x', 'y', 'w'], (g, { inputs: [x, y], attributes }) =>
  x && y
    ? [
        y.convolutionGradient('input', g, geometryOf(attributes)),
        x.convolutionGradient('forward', g, geometryOf(attributes)),
      ]
    : [],
);

/** By pass. */
export const convolutionOps: Readonly<Record<Conv2dSpec['pass'], KernelOp>> = {
  forward: conv2dOp,
  input: conv2dInputOp,
  weight: conv2dWeightOp,
};
