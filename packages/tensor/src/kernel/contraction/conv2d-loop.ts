/** What a convolution and its gradients mean, as loops: how devices run those that they have no kernel for. */
import { dtypes, type ComputeDType } from '../../dtype/dtype.ts';
import * as s from '../../scalar/expression.ts';
import { loopBody } from '../loop-body.ts';
import type { Access, Binding, Conv2dSpec, LoopSpec } from '../spec.ts';
import { afterSum } from './epilogue.ts';

/**
 * A pass over contiguous tensors, with its epilogue. Along each spatial axis one of the three positions (image i, output o,
 * kernel k) follows from the others by i = o·stride + k·dilation - padding; it is the one the loop does not walk, and the
 * read is masked where it falls outside.
 */
export function conv2dLoop(spec: Conv2dSpec): LoopSpec {
  const { pass, batch, groups, inSize, outSize, kernel, stride, padding, dilation, x, w, y } = spec;
  const inPer = spec.inChannels / groups;
  const outPer = spec.outChannels / groups;
  const compute: ComputeDType = dtypes[(spec.bindings[w.binding] as Binding).dtype].compute;
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
  /** Strides over [images, channels, height, width] of the result by the axes of the loop. */
  const overResult = (strides: readonly number[]): Readonly<Record<string, number>> => {
    const [image = 0, channel = 0, out0 = 0, out1 = 0] = strides;
    return { n: image, g: channel * outPer, o: channel, out0, out1 };
  };
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
    y: overResult(y?.strides ?? []),
  };
  const accessOf = (role: 'x' | 'w' | 'y'): Access => ({ x, w, y })[role] as Access;
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
  const [rowStride, columnStride] = accessOf(freeRole).strides.slice(2) as [number, number];
  const linear = body.emit(
    s.add(s.mul(s.argument(0, 'i32'), rowStride), s.mul(s.argument(1, 'i32'), columnStride)),
    found.map(({ index }) => index),
  );
  const valid = body.emit(
    s.and(s.argument(0, 'bool'), s.argument(1, 'bool')),
    found.map((part) => part.valid),
  );
  const access = (role: 'x' | 'w' | 'y'): Access => ({ ...accessOf(role), strides: along(terms[role]) });
  const moving = body.push({ kind: 'gather', access: access(freeRole), index: linear, stride: 1, dtype: compute });
  const roles = { forward: ['w', 'y'], input: ['w', 'x'], weight: ['y', 'w'] } as const;
  const [other, result] = roles[pass];
  const fixed = body.push({ kind: 'load', access: access(other), dtype: compute });
  // What is outside adds nothing, to a factor that is not finite either.
  const product = body.emit(s.select(s.argument(0, 'bool'), s.mul(s.argument(1, compute), s.argument(2, compute)), 0), [
    valid,
    moving,
    fixed,
  ]);
  const sum = body.push({ kind: 'reduce', op: 'sum', arg: product, dtype: compute });
  if (!spec.epilogue) body.push({ kind: 'store', access: access(result), arg: sum, each: 'row' });
  return {
    kind: 'loop',
    bindings: spec.bindings,
    outer: plan.outer.map(sizeOfAxis),
    inner: plan.inner.map(sizeOfAxis),
    body: [...body.steps, ...afterSum(spec.epilogue ?? [], sum + 1, (own) => along(overResult(own)))],
  };
}
