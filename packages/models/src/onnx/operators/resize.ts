/** Resizing images, along any of their axes. */
import type { Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { OnnxTensor } from '../values/value.ts';
import { coordinateModes, mixes, nearestModes, type AxisResize, type Mix, type ResizeMode } from './resize-axis.ts';

/** An axis of x as the mixes say; what is undefined there is 0. */
function mixed(call: Call, x: Tensor, axis: number, parts: readonly (Mix | undefined)[]): Tensor {
  const from = x.shape[axis] as number;
  const place = (numbers: readonly number[], shape: readonly number[]): Tensor =>
    OnnxTensor.numbers('f32', numbers, shape).tensor(call.device);
  if (parts.every((mix) => mix === undefined || (mix.length === 1 && mix[0]?.[1] === 1))) {
    const indices = OnnxTensor.numbers(
      'i64',
      parts.map((mix) => mix?.[0]?.[0] ?? 0),
    );
    return x.take(indices.tensor(call.device), axis);
  }
  const weights = new Array<number>(parts.length * from).fill(0);
  for (const [row, mix] of parts.entries())
    for (const [column, weight] of mix ?? [])
      weights[row * from + column] = (weights[row * from + column] as number) + weight;
  const matrix = place(weights, [parts.length, from]).cast(x.dtype);
  const order = x.shape.map((_, each) => each);
  const last = [...order.toSpliced(axis, 1), axis];
  const back = order.map((each) => last.indexOf(each));
  return x.permute(last).matmul(matrix.t()).permute(back);
}

/** What a Resize is told by attributes and inputs, which moved from version to version. */
function axesOf(call: Call, shape: readonly number[]): AxisResize[] {
  const rank = shape.length;
  const old = call.version < 11;
  const scales =
    call.node.type === 'Upsample' && call.version < 9 ? call.list('scales', undefined) : call.numbers(old ? 1 : 2);
  const sizes = old ? undefined : call.numbers(3);
  const roi = old ? undefined : call.numbers(1);
  const named = call
    .list(
      'axes',
      shape.map((_, axis) => axis),
    )
    .map((axis) => call.axis(axis, rank));
  const policy = call.text('keep_aspect_ratio_policy', 'stretch');
  const given = (values: readonly number[] | undefined): readonly number[] | undefined => {
    if (!values || values.length === 0) return undefined;
    return values.length === named.length
      ? values
      : call.refuse(`has ${values.length} scales or sizes for ${named.length} axes`);
  };
  const [byScale, bySize] = [given(scales), given(sizes)];
  if (!byScale && !bySize) call.refuse('has neither scales nor sizes');
  const ratios = bySize?.map((size, index) => size / (shape[named[index] as number] as number));
  const common =
    policy === 'stretch' ? undefined : ratios && (policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios));
  return shape.map((from, axis): AxisResize => {
    const index = named.indexOf(axis);
    const region = { start: roi?.[index] ?? 0, end: roi?.[index + named.length] ?? 1 };
    if (index < 0) return { from, to: from, scale: 1, start: 0, end: 1 };
    if (common !== undefined) return { from, to: Math.floor(common * from + 0.5), scale: common, ...region };
    if (bySize) {
      const to = bySize[index] as number;
      return { from, to, scale: to / from, ...region };
    }
    const scale = byScale?.[index] as number;
    // In floats, as exporters count: 12 times the float that is nearest to 5/3 are 20.
    return { from, to: Math.floor(Math.fround(from * scale)), scale, ...region };
  });
}

function modeOf(call: Call): ResizeMode {
  const isUpsample = call.node.type === 'Upsample' || call.version < 11;
  const coordinates = isUpsample ? 'asymmetric' : call.text('coordinate_transformation_mode', 'half_pixel');
  const nearest = isUpsample ? 'floor' : call.text('nearest_mode', 'round_prefer_floor');
  const mode = call.text('mode', 'nearest');
  if (mode !== 'nearest' && mode !== 'linear' && mode !== 'cubic')
    return call.refuse(`resizes by '${mode}', which there is not`);
  if (!Object.hasOwn(coordinateModes, coordinates))
    call.refuse(`has coordinates by '${coordinates}', which there are not`);
  if (!Object.hasOwn(nearestModes, nearest)) call.refuse(`rounds by '${nearest}', which there is not`);
  return {
    mode,
    coordinates,
    nearest,
    cubic: call.real('cubic_coeff_a', -0.75),
    excludeOutside: call.truth('exclude_outside'),
    antialias: call.truth('antialias') && mode !== 'nearest',
  };
}

const resize: Operator['run'] = (call) => {
  const { type } = call.input(0);
  const x = call.tensor(0);
  const axes = axesOf(call, x.shape);
  const mode = modeOf(call);
  let y = x;
  let inside: Tensor | undefined;
  for (const [axis, each] of axes.entries()) {
    const isCropped = mode.coordinates === 'tf_crop_and_resize' && (each.start !== 0 || each.end !== 1);
    if (each.to === each.from && each.scale === 1 && !isCropped) continue;
    const parts = mixes(each, mode);
    y = mixed(call, y, axis, parts);
    if (parts.every((mix) => mix !== undefined)) continue;
    const flags = OnnxTensor.numbers(
      'bool',
      parts.map((mix) => Number(mix !== undefined)),
    ).tensor(call.device);
    const shaped = flags.reshape(x.shape.map((_, other) => (other === axis ? -1 : 1)));
    inside = inside ? inside.logicalAnd(shaped) : shaped;
  }
  return call.give(type, inside ? y.where(inside, y.filled([], call.real('extrapolation_value', 0))) : y);
};

/** Resizing. */
export const resizeOperators: readonly Operator[] = [operator('Resize', resize), operator('Upsample', resize)];
