/** Random matmul and conv2d specs over small whole numbers, so that every product sum is exact. */
import {
  dtypes,
  type Access,
  type Conv2dSpec,
  type Device,
  type DType,
  type LoopInstruction,
  type MatmulSpec,
} from '@espalier/tensor';
import fc from 'fast-check';
import {
  anyInteger,
  anyOrder,
  drawContents,
  drawLimits,
  drawNumeric,
  holdsExactly,
  rowMajor,
  sizeOf,
  SpecCase,
  zeros,
} from './case.ts';

/** A matrix product with up to two batch dimensions, strided factors, limits of some dimensions, and an epilogue where the device takes one. */
export function drawMatmul(draw: fc.GeneratorValue, device: Device): SpecCase {
  const dtype = drawNumeric(draw, device, 9 * 8);
  const batch = Array.from({ length: draw(anyInteger, 0, 2) }, () => draw(anyInteger, 1, 3));
  const long = draw(anyInteger, 0, 3) === 3 ? 70 : 9;
  const [m, n] = [draw(anyInteger, 1, long), draw(anyInteger, 1, long)];
  const k = draw(anyInteger, 0, holdsExactly(dtype, 9 * long) ? long : 8);
  const a = drawStrided(draw, 0, [...batch, m, k]);
  const b = drawStrided(draw, 1, [...batch, k, n]);
  const shape = [...batch, m, n];
  const bounds = drawLimits(draw, [...batch, m, n, k], 2);
  const contents = [...[a, b].map(({ length }) => drawContents(draw, dtype, length)), ...bounds.contents];
  const next = contents.length;
  const results = zeros(sizeOf(shape));
  const read = { dtype, access: 'read' } as const;
  const write = { dtype, access: 'write' } as const;
  const product = {
    kind: 'matmul',
    batch,
    m,
    n,
    k,
    a: a.access,
    b: b.access,
    ...(bounds.limits.length > 0 && { limits: bounds.limits }),
  } as const;
  const { compute } = dtypes[dtype];
  const vector = { binding: next, offset: 0, strides: shape.map((_, axis) => Number(axis === shape.length - 1)) };
  const stored = (binding: number, arg: number): LoopInstruction => ({
    kind: 'store',
    access: { binding: next + binding, offset: 0, strides: rowMajor(shape) },
    arg,
    each: 'row',
  });
  const load: LoopInstruction = { kind: 'load', access: vector, dtype: compute };
  const sums: LoopInstruction = { kind: 'accumulator', dtype: compute };
  const larger: LoopInstruction = { kind: 'scalar', op: 'max', args: [0, 1], dtype: compute };
  // What is stored before the sums are asked for has nothing to do with them.
  const isEarly = draw(fc.boolean);
  const spec: MatmulSpec = {
    ...product,
    bindings: [read, read, ...bounds.bindings, read, write, ...(isEarly ? [write] : [])],
    epilogue: isEarly
      ? [load, stored(2, 0), sums, { ...larger, args: [0, 2] }, stored(1, 3)]
      : [sums, load, larger, stored(1, 2)],
  };
  if (draw(fc.boolean) && device.accepts(spec))
    return new SpecCase(spec, [...contents, drawContents(draw, dtype, n), results, ...(isEarly ? [results] : [])]);
  const out: Access = { binding: next, offset: 0, strides: rowMajor(shape) };
  return new SpecCase({ ...product, bindings: [read, read, ...bounds.bindings, write], out }, [...contents, results]);
}

/** A convolution or one of its gradients, with groups, strides, padding and dilation, and forward with an epilogue where the device takes one. */
export function drawConv2d(draw: fc.GeneratorValue, device: Device): SpecCase {
  const dtype = drawNumeric(draw, device, 9 * 4 * 9 * 3);
  const pair = (low: number, high: number): readonly [number, number] => [
    draw(anyInteger, low, high),
    draw(anyInteger, low, high),
  ];
  const groups = draw(anyInteger, 1, 2);
  const inChannels = groups * draw(anyInteger, 1, 2);
  const outChannels = groups * draw(anyInteger, 1, 2);
  const [batch, kernel, stride, padding, dilation] = [
    draw(anyInteger, 1, 2),
    pair(1, 3),
    pair(1, 2),
    pair(0, 2),
    pair(1, 2),
  ];
  const outSize = pair(1, 4);
  // An image just large enough; the last rows and columns may be left over by the stride, the padding is symmetric.
  const spare = pair(0, 1);
  const inOf = (axis: 0 | 1): number =>
    Math.max(
      1,
      (outSize[axis] - 1) * stride[axis] +
        (kernel[axis] - 1) * dilation[axis] +
        1 -
        2 * padding[axis] +
        Math.min(spare[axis], stride[axis] - 1),
    );
  const inSize: readonly [number, number] = [inOf(0), inOf(1)];
  const shapes = {
    x: [batch, inChannels, ...inSize],
    w: [outChannels, inChannels / groups, ...kernel],
    y: [batch, outChannels, ...outSize],
  };
  const pass = (['forward', 'input', 'weight'] as const)[draw(anyInteger, 0, 2)] ?? 'forward';
  const result = { forward: 'y', input: 'x', weight: 'w' }[pass];
  const names = ['x', 'w', 'y'] as const;
  const access = (name: 'x' | 'w' | 'y'): Access => ({
    binding: names.indexOf(name),
    offset: 0,
    strides: rowMajor(shapes[name]),
  });
  const spec: Conv2dSpec = {
    kind: 'conv2d',
    pass,
    batch,
    groups,
    inChannels,
    outChannels,
    inSize,
    outSize,
    kernel,
    stride,
    padding,
    dilation,
    bindings: names.map((name) => ({ dtype, access: name === result ? 'write' : 'read' })),
    x: access('x'),
    w: access('w'),
    y: access('y'),
  };
  const contents = names.map((name) =>
    name === result ? zeros(sizeOf(shapes[name])) : drawContents(draw, dtype, sizeOf(shapes[name])),
  );
  if (pass !== 'forward' || !draw(fc.boolean)) return new SpecCase(spec, contents);
  const finished = withDrawnEpilogue(draw, spec, dtype, contents.slice(0, 2));
  return device.accepts(finished.spec) ? finished : new SpecCase(spec, contents);
}

/** The same with max(sum, operand), whose operand is one number a channel, a pixel or an element. */
function withDrawnEpilogue(
  draw: fc.GeneratorValue,
  plain: Conv2dSpec,
  dtype: DType,
  contents: readonly SpecCase['contents'][number][],
): SpecCase {
  const { y: _, ...product } = plain;
  const shape = [product.batch, product.outChannels, ...product.outSize];
  const varies = [[1], [2, 3], [0, 1, 2, 3], [3]][draw(anyInteger, 0, 3)] ?? [];
  const own = rowMajor(shape.map((size, axis) => (varies.includes(axis) ? size : 1)));
  const strides = own.map((stride, axis) => (varies.includes(axis) ? stride : 0));
  const { compute } = dtypes[dtype];
  const spec: Conv2dSpec = {
    ...product,
    bindings: [...product.bindings.slice(0, 2), { dtype, access: 'read' }, { dtype, access: 'write' }],
    epilogue: [
      { kind: 'accumulator', dtype: compute },
      { kind: 'load', access: { binding: 2, offset: 0, strides }, dtype: compute },
      { kind: 'scalar', op: 'max', args: [0, 1], dtype: compute },
      { kind: 'store', access: { binding: 3, offset: 0, strides: rowMajor(shape) }, arg: 2, each: 'row' },
    ],
  };
  const operand = drawContents(draw, dtype, sizeOf(varies.map((axis) => shape[axis] ?? 1)));
  return new SpecCase(spec, [...contents, operand, zeros(sizeOf(shape))]);
}

/** A view of `shape`: its axes in some order of memory, some of the leading ones broadcast, from some offset on. */
export function drawStrided(
  draw: fc.GeneratorValue,
  binding: number,
  shape: readonly number[],
): { readonly access: Access; readonly length: number } {
  const offset = draw(anyInteger, 0, 2);
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (const axis of draw(anyOrder, shape.length)) {
    if (axis < shape.length - 2 && draw(fc.boolean)) continue;
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return { access: { binding, offset, strides }, length: offset + stride };
}
