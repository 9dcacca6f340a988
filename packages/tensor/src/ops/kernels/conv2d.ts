/** 2-D convolution and its two gradients: three ops, each the gradient of the others. */
import { dtypes, type ComputeDType, type DType } from '../../dtype/dtype.ts';
import type { Node } from '../../graph/node.ts';
import { loopBody } from '../../kernel/loop-body.ts';
import type { Access, Binding, Conv2dGeometry, Conv2dSpec, LoopSpec } from '../../kernel/spec.ts';
import * as s from '../../scalar/expression.ts';
import { contiguousStrides, sizeOf } from '../../shape/shape.ts';
import type { KernelStep } from '../../graph/kernel-plan.ts';
import type { Attributes, KernelOp } from '../../graph/op.ts';

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
  return {
    family: 'kernel',
    name: pass === 'forward' ? 'conv2d' : `conv2d-${pass}-gradient`,
    strided: false,
    gradient,
    ...(pass === 'forward' && { contraction: (node: Node) => conv2dSpec(node, pass, roles) }),
    multiplyAccumulates: ({ attributes }) => {
      const { batch, groups, inChannels, outChannels, outSize, kernel } = geometryOf(attributes);
      return sizeOf([batch, outChannels, ...outSize, inChannels / groups, ...kernel]);
    },
    plan: (node) => ({
      outputs: [{ shape: node.shape, dtype: node.dtype }],
      steps: (_, device): KernelStep[] => {
        const spec = conv2dSpec(node, pass, roles);
        return [
          {
            spec: device.accepts(spec) ? spec : conv2dLoop(spec),
            operands: [{ input: 0 }, { input: 1 }, { output: 0 }],
          },
        ];
      },
    }),
  };
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

/**
 * The same as a plain loop, for dtypes and devices without a convolution kernel. Along each spatial axis one of the
 * three positions (image i, output o, kernel k) follows from the others by i = o·stride + k·dilation - padding; it is
 * the one the loop does not walk, and the read is masked where it falls outside.
 */
function conv2dLoop(spec: Conv2dSpec): LoopSpec {
  const { pass, batch, groups, inSize, outSize, kernel, stride, padding, dilation, x, w } = spec;
  const y = spec.y as Access;
  const inPer = spec.inChannels / groups;
  const outPer = spec.outChannels / groups;
  const compute: ComputeDType = dtypes[(spec.bindings[2] as Binding).dtype].compute;
  // Loop axes by name: n batch, g group, i/o channel within the group, then the two walked spatial positions per axis.
  const sizes = { n: batch, g: groups, i: inPer, o: outPer, image: inSize, out: outSize, tap: kernel };
  const plans = {
    forward: { outer: ['n', 'g', 'o', 'out0', 'out1'], inner: ['i', 'tap0', 'tap1'], free: 'image' },
    input: { outer: ['n', 'g', 'i', 'image0', 'image1'], inner: ['o', 'tap0', 'tap1'], free: 'out' },
    weight: { outer: ['g', 'o', 'i', 'tap0', 'tap1'], inner: ['n', 'out0', 'out1'], free: 'image' },
  } as const;
  const plan = plans[pass];
  const axes: readonly string[] = [...plan.outer, ...plan.inner];
  const sizeOfAxis = (name: string): number => {
    const size = sizes[name.replace(/\d/, '') as keyof typeof sizes];
    return typeof size === 'number' ? size : (size[Number(name.at(-1))] as number);
  };
  const along = (terms: Readonly<Record<string, number>>): number[] => axes.map((name) => terms[name] ?? 0);
  const at = (strides: readonly number[], position: number): number => strides[position] as number;
  const terms = {
    x: {
      n: at(x.strides, 0),
      g: at(x.strides, 1) * inPer,
      i: at(x.strides, 1),
      image0: at(x.strides, 2),
      image1: at(x.strides, 3),
    },
    w: {
      g: at(w.strides, 0) * outPer,
      o: at(w.strides, 0),
      i: at(w.strides, 1),
      tap0: at(w.strides, 2),
      tap1: at(w.strides, 3),
    },
    y: {
      n: at(y.strides, 0),
      g: at(y.strides, 1) * outPer,
      o: at(y.strides, 1),
      out0: at(y.strides, 2),
      out1: at(y.strides, 3),
    },
  };
  const body = loopBody();
  // Where the free position lies, per spatial axis, and whether it exists.
  const found = [0, 1].map((axis) => {
    const size = plan.free === 'image' ? at(inSize, axis) : at(outSize, axis);
    const walked =
      plan.free === 'image'
        ? { [`out${axis}`]: at(stride, axis), [`tap${axis}`]: at(dilation, axis) }
        : { [`image${axis}`]: 1, [`tap${axis}`]: -at(dilation, axis) };
    const offset = plan.free === 'image' ? -at(padding, axis) : at(padding, axis);
    const raw = body.push({ kind: 'index', offset, strides: along(walked), dtype: 'i32' });
    const position = s.argument(0, 'i32');
    const step = plan.free === 'image' ? 1 : at(stride, axis);
    const quotient = step === 1 ? position : s.div(position, step);
    const within = s.and(s.le(0, position), s.lt(quotient, size));
    const valid = step === 1 ? within : s.and(within, s.eq(s.rem(position, step), 0));
    return { index: body.emit(s.min(s.max(quotient, 0), size - 1), [raw]), valid: body.emit(valid, [raw]) };
  });
  const freeRole = plan.free === 'image' ? 'x' : 'y';
  const [rowStride, columnStride] =
    freeRole === 'x' ? [at(x.strides, 2), at(x.strides, 3)] : [at(y.strides, 2), at(y.strides, 3)];
  const linear = body.emit(
    s.add(s.mul(s.argument(0, 'i32'), rowStride), s.mul(s.argument(1, 'i32'), columnStride)),
    found.map(({ index }) => index),
  );
  const valid = body.emit(
    s.and(s.argument(0, 'bool'), s.argument(1, 'bool')),
    found.map((part) => part.valid),
  );
  const access = (role: 'x' | 'w' | 'y'): Access => ({
    binding: { x, w, y }[role].binding,
    offset: 0,
    strides: along(terms[role]),
  });
  const moving = body.push({ kind: 'gather', access: access(freeRole), index: linear, stride: 1, dtype: compute });
  const masked = body.emit(s.select(s.argument(0, 'bool'), s.argument(1, compute), 0), [valid, moving]);
  const roles = { forward: ['w', 'y'], input: ['w', 'x'], weight: ['y', 'w'] } as const;
  const [other, result] = roles[pass];
  const fixed = body.push({ kind: 'load', access: access(other), dtype: compute });
  const product = body.emit(s.mul(s.argument(0, compute), s.argument(1, compute)), [masked, fixed]);
  const sum = body.push({ kind: 'reduce', op: 'sum', arg: product, dtype: compute });
  body.push({ kind: 'store', access: access(result), arg: sum, each: 'row' });
  return {
    kind: 'loop',
    bindings: spec.bindings,
    outer: plan.outer.map(sizeOfAxis),
    inner: plan.inner.map(sizeOfAxis),
    body: body.steps,
  };
}
