/** Operators on shapes, and those that only arrange elements. */
import type { Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { countOf } from '../values/host-array.ts';
import { OnnxTensor } from '../values/value.ts';
import { along, arrange, joined } from './arranging.ts';

/** Sizes of a tensor, from axis to axis. */
const shape = operator('Shape', (call) => {
  const sizes = call.input(0).shape;
  return OnnxTensor.numbers('i64', sizes.slice(call.real('start', 0), call.real('end', sizes.length)));
});

const size = operator('Size', (call) => OnnxTensor.numbers('i64', [call.input(0).size], []));

/** 0 keeps a size unless it is allowed as one, -1 follows from the rest. */
function reshaped(call: Call, from: readonly number[], wanted: readonly number[], zeroIsSize: boolean): number[] {
  const sizes = wanted.map((value, axis) => (value === 0 && !zeroIsSize ? (from[axis] ?? 0) : value));
  const rest = sizes.filter((value) => value !== -1);
  const count = countOf(from);
  const known = countOf(rest);
  const open = sizes.length - rest.length;
  if (
    open > 1 ||
    rest.some((value) => value < 0) ||
    (open === 1 ? known === 0 || count % known !== 0 : known !== count)
  )
    call.refuse(`makes [${from.join(', ')}] into [${wanted.join(', ')}], which has not as many elements`);
  return sizes.map((value) => (value === -1 ? count / known : value));
}

const reshape = operator('Reshape', (call) => {
  const x = call.input(0);
  const wanted = call.version < 5 ? call.list('shape', []) : (call.numbers(1) ?? call.refuse('has no shape'));
  const target = reshaped(call, x.shape, wanted, call.truth('allowzero'));
  return arrange(call, x, (array) => array.reshape(target));
});

const flatten = operator('Flatten', (call) => {
  const x = call.input(0);
  const axis = call.real('axis', 1);
  const at = axis < 0 ? axis + x.shape.length : axis;
  return arrange(call, x, (array) => array.reshape([countOf(x.shape.slice(0, at)), countOf(x.shape.slice(at))]));
});

/** Axes are an attribute up to version 12, and an input from then on. */
const axesOf = (call: Call): readonly number[] | undefined =>
  call.version < 13 ? call.list('axes', undefined) : call.numbers(1);

const squeeze = operator('Squeeze', (call) => {
  const x = call.input(0);
  const axes = axesOf(call)?.map((axis) => call.axis(axis, x.shape.length));
  const odd = axes?.find((axis) => x.shape[axis] !== 1);
  if (odd !== undefined) call.refuse(`takes the axis ${odd} away, of size ${x.shape[odd]}`);
  const kept = x.shape.filter((value, axis) => (axes ? !axes.includes(axis) : value !== 1));
  return arrange(call, x, (array) => array.reshape(kept));
});

const unsqueeze = operator('Unsqueeze', (call) => {
  const x = call.input(0);
  const given = axesOf(call) ?? call.refuse('has no axes');
  const rank = x.shape.length + given.length;
  const axes = new Set(given.map((axis) => call.axis(axis, rank)));
  const rest = [...x.shape];
  const target = Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (rest.shift() ?? 1)));
  return arrange(call, x, (array) => array.reshape(target));
});

const transpose = operator('Transpose', (call) => {
  const x = call.input(0);
  const axes = call.list('perm', x.shape.map((_, axis) => axis).toReversed());
  if (axes.length !== x.shape.length || new Set(axes).size !== axes.length)
    call.refuse(`permutes [${x.shape.join(', ')}] by [${axes.join(', ')}]`);
  return arrange(call, x, (array) => array.permute(axes.map((axis) => call.axis(axis, x.shape.length))));
});

const expand = operator('Expand', (call) => {
  const x = call.input(0);
  const wanted = call.numbers(1) ?? call.refuse('has no shape');
  const rank = Math.max(wanted.length, x.shape.length);
  const target = Array.from({ length: rank }, (_, axis) => {
    const own = x.shape[axis - rank + x.shape.length] ?? 1;
    const asked = wanted[axis - rank + wanted.length] ?? 1;
    if (own !== asked && own !== 1 && asked !== 1)
      call.refuse(`expands [${x.shape.join(', ')}] to [${wanted.join(', ')}]`);
    return own === 1 ? asked : own;
  });
  return arrange(call, x, (array) => array.expand(target), countOf(target));
});

const tile = operator('Tile', (call) => {
  const x = call.input(0);
  const repeats = call.numbers(1) ?? call.refuse('has no repeats');
  if (repeats.length !== x.shape.length) call.refuse(`repeats [${x.shape.join(', ')}] by [${repeats.join(', ')}]`);
  const target = x.shape.map((value, axis) => value * (repeats[axis] as number));
  return arrange(
    call,
    x,
    (array) =>
      array
        .reshape(x.shape.flatMap((value) => [1, value]))
        .expand(x.shape.flatMap((value, axis) => [repeats[axis] as number, value]))
        .reshape(target),
    countOf(target),
  );
});

const join = operator('Concat', (call) => joined(call, call.inputs(), call.real('axis', 1)));

/** From `start` to before `end`, both cut to the axis. */
export function sliceOf(length: number, start: number, end: number, step: number): { start: number; count: number } {
  const cut = (value: number, low: number, high: number): number =>
    Math.min(Math.max(value < 0 ? value + length : value, low), high);
  if (step > 0) {
    const from = cut(start, 0, length);
    return {
      start: Math.min(from, Math.max(0, length - 1)),
      count: Math.max(0, Math.ceil((cut(end, 0, length) - from) / step)),
    };
  }
  // A start before the first element is the first, other than in Python.
  const from = cut(start, 0, length - 1);
  // The largest number means all there is in either direction, as ONNX Runtime has it.
  const to = end >= 2 ** 62 || end === 2 ** 31 - 1 ? -1 : cut(end, -1, length - 1);
  return {
    start: Math.max(0, from),
    count: length === 0 ? 0 : Math.max(0, Math.ceil((to - from) / step)),
  };
}

const slice = operator('Slice', (call) => {
  const x = call.input(0);
  const old = call.version < 10;
  const list = (name: string, index: number): readonly number[] | undefined =>
    old ? call.list(name, undefined) : call.numbers(index);
  const starts = list('starts', 1) ?? call.refuse('has no starts');
  const ends = list('ends', 2) ?? call.refuse('has no ends');
  const axes = list('axes', 3) ?? starts.map((_, axis) => axis);
  const steps = (old ? undefined : call.numbers(4)) ?? starts.map(() => 1);
  const part = { start: x.shape.map(() => 0), count: [...x.shape], step: x.shape.map(() => 1) };
  for (const [index, given] of axes.entries()) {
    const axis = call.axis(given, x.shape.length);
    const step = steps[index] as number;
    if (step === 0) call.refuse('has a step of 0');
    const { start, count } = sliceOf(x.shape[axis] as number, starts[index] as number, ends[index] as number, step);
    part.start[axis] = start;
    part.count[axis] = count;
    // One element is reached by any step.
    part.step[axis] = count > 1 ? step : 1;
  }
  return arrange(call, x, (array) => array.sliceWith(part));
});

/** Sizes are an attribute, an input, or follow from the number of outputs. */
function splitSizes(call: Call, length: number): readonly number[] {
  const given = call.version < 13 ? call.list('split', undefined) : call.numbers(1);
  if (given) return given;
  const count = call.real('num_outputs', call.node.outputs.length);
  const each = Math.ceil(length / count);
  return Array.from({ length: count }, (_, index) => Math.max(0, Math.min(each, length - index * each)));
}

const split = operator('Split', (call) => {
  const x = call.input(0);
  const axis = call.axis(call.real('axis', 0), x.shape.length);
  const sizes = splitSizes(call, x.shape[axis] as number);
  if (sizes.reduce((sum, value) => sum + value, 0) !== x.shape[axis])
    call.refuse(`splits ${x.shape[axis]} elements into [${sizes.join(', ')}]`);
  let begin = 0;
  return sizes.map((count) => {
    const start = count === 0 ? 0 : begin;
    const part = arrange(call, x, (array) => along(array, axis, start, count));
    begin += count;
    return part;
  });
});

/** Blocks of channels become blocks of the image, or the other way around. */
const depthToSpace = operator('DepthToSpace', (call) => {
  const x = call.input(0);
  const block = call.real('blocksize', 1);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const depth = c / block ** 2;
  const columns = call.text('mode', 'DCR') === 'CRD';
  const apart = columns ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w];
  return arrange(call, x, (array) =>
    array
      .reshape(apart)
      .permute(columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
      .reshape([n, depth, h * block, w * block]),
  );
});

const spaceToDepth = operator('SpaceToDepth', (call) => {
  const x = call.input(0);
  const block = call.real('blocksize', 1);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return arrange(call, x, (array) =>
    array
      .reshape([n, c, h / block, block, w / block, block])
      .permute(call.text('mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
      .reshape([n, c * block ** 2, h / block, w / block]),
  );
});

const modes = { edge: 'replicate', reflect: 'reflect', wrap: 'circular' } as const;

const pad = operator('Pad', (call) => {
  const x = call.input(0);
  const old = call.version < 11;
  const widths =
    (old ? (call.list('pads', undefined) ?? call.list('paddings', undefined)) : call.numbers(1)) ??
    call.refuse('has no pads');
  const value = (old ? call.real('value', 0) : call.number(2)) ?? 0;
  const axes = call.version < 18 ? undefined : call.numbers(3)?.map((axis) => call.axis(axis, x.shape.length));
  const mode = call.text('mode', 'constant');
  const half = widths.length / 2;
  const pairs = x.shape.map((_, axis): [number, number] => {
    const index = axes ? axes.indexOf(axis) : axis;
    return index < 0 ? [0, 0] : [widths[index] as number, widths[index + half] as number];
  });
  const tensor: Tensor = call.placed(x);
  if (mode === 'constant') return call.give(x.type, tensor.pad(pairs, value));
  if (!Object.hasOwn(modes, mode)) return call.refuse(`pads by '${mode}', which there is not`);
  return call.give(x.type, tensor.pad(pairs, { mode: modes[mode as keyof typeof modes] }));
});

/** Cut or filled with zeros around the middle, to a size along some axes. */
const centerCropPad = operator('CenterCropPad', (call) => {
  const x = call.input(0);
  const sizes = call.numbers(1) ?? call.refuse('has no shape');
  const axes = call
    .list(
      'axes',
      x.shape.map((_, axis) => axis),
    )
    .map((axis) => call.axis(axis, x.shape.length));
  const widths = x.shape.map((own, axis): [number, number] => {
    const wanted = sizes[axes.indexOf(axis)] ?? own;
    const before = wanted < own ? -Math.floor((own - wanted) / 2) : Math.floor((wanted - own) / 2);
    return [before, wanted - own - before];
  });
  return call.give(x.type, call.placed(x).pad(widths));
});

/** Operators on shapes. */
export const shapeOperators: readonly Operator[] = [
  shape,
  size,
  reshape,
  flatten,
  squeeze,
  unsqueeze,
  transpose,
  expand,
  tile,
  join,
  slice,
  split,
  depthToSpace,
  spaceToDepth,
  pad,
  centerCropPad,
  operator('Identity', (call) => call.value(0) ?? call.refuse('has no input')),
];
