/** Operators that make tensors of nothing but sizes: constants, ranges, windows. Random ones are refused. */
import { arange, eye } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { stored } from '../values/element-types.ts';
import { countOf } from '../values/host-array.ts';
import { OnnxTensor } from '../values/value.ts';
import { typeOfCode } from './functions.ts';

const constant = operator('Constant', (call) => {
  const tensor = call.attribute('value') ?? call.attribute('sparse_value');
  if (tensor instanceof OnnxTensor) return tensor;
  const real = call.real('value_float', undefined);
  if (real !== undefined) return OnnxTensor.numbers('f32', [real], []);
  const reals = call.list('value_floats', undefined);
  if (reals) return OnnxTensor.numbers('f32', reals);
  const whole = call.real('value_int', undefined);
  if (whole !== undefined) return OnnxTensor.numbers('i64', [whole], []);
  const wholes = call.list('value_ints', undefined);
  if (wholes) return OnnxTensor.numbers('i64', wholes);
  const text = call.text('value_string', undefined);
  if (text !== undefined) return OnnxTensor.texts([text], []);
  const texts = call.texts('value_strings', undefined);
  return texts ? OnnxTensor.texts(texts) : call.refuse('has no value');
});

const constantOfShape = operator('ConstantOfShape', (call) => {
  const shape = call.numbers(0) ?? call.refuse('has no shape');
  const value = call.attribute('value');
  const known = value instanceof OnnxTensor ? value : OnnxTensor.numbers('f32', [0], [1]);
  const [number = 0] = known.numbers();
  const count = countOf(shape);
  // Few whole numbers are known; many, and floats, are no memory until they are needed.
  if (known.type !== 'f32' && count <= call.setting.hostElements)
    return OnnxTensor.numbers(known.type, new Array<number>(count).fill(number), shape);
  return call.give(known.type, OnnxTensor.numbers(known.type, [number], []).tensor(call.device).expand(shape));
});

const range = operator('Range', (call) => {
  const { type } = call.input(0);
  const [start, limit, delta] = [0, 1, 2].map((index) => call.number(index) as number) as [number, number, number];
  if (delta === 0) call.refuse('has a step of 0');
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (count > 2 ** 31 - 1) call.refuse(`is ${count} elements long`);
  if (count <= call.setting.hostElements)
    return OnnxTensor.numbers(
      type,
      Array.from({ length: count }, (_, index) => stored(type, start + index * delta)),
    );
  return call.give(type, arange(0, count, 1, { dtype: 'i32', device: call.device }).cast('f64').mul(delta).add(start));
});

const eyeLike = operator('EyeLike', (call) => {
  const x = call.input(0);
  const [rows, columns] = x.shape as [number, number];
  const code = call.real('dtype', undefined);
  const type = code === undefined ? x.type : typeOfCode(call, code);
  const k = call.real('k', 0);
  const wide = eye(rows + Math.abs(k), columns + Math.abs(k), { device: call.device });
  return call.give(type, wide.narrow(0, Math.max(0, k), rows).narrow(1, Math.max(0, -k), columns));
});

/** Sums of cosines: Hann, Hamming and Blackman windows. */
function window(type: string, weights: readonly number[]): Operator {
  return operator(type, (call) => {
    const size = call.number(0) ?? call.refuse('has no size');
    const period = call.truth('periodic', true) ? size : size - 1;
    const values = Array.from({ length: size }, (_, index) =>
      weights.reduce((sum, weight, order) => sum + weight * Math.cos((2 * Math.PI * order * index) / period), 0),
    );
    const to = typeOfCode(call, call.real('output_datatype', 1));
    return OnnxTensor.numbers(
      to,
      values.map((value) => stored(to, value)),
    );
  });
}

/** Triangles on the mel scale: [bins, bands]. */
const melWeights = operator('MelWeightMatrix', (call) => {
  const [bands, length, rate, low, high] = [0, 1, 2, 3, 4].map((index) => call.number(index) as number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const bins = Math.floor(length / 2) + 1;
  const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  const step = (mel(high) - mel(low)) / (bands + 2);
  const edges = Array.from({ length: bands + 2 }, (_, index) => {
    const hertz = 700 * (10 ** ((index * step + mel(low)) / 2595) - 1);
    return Math.floor(((length + 1) * hertz) / rate);
  });
  const values = new Array<number>(bins * bands).fill(0);
  for (let band = 0; band < bands; band++) {
    const [left, centre, right] = edges.slice(band, band + 3) as [number, number, number];
    if (centre === left) values[centre * bands + band] = 1;
    else for (let bin = left; bin <= centre; bin++) values[bin * bands + band] = (bin - left) / (centre - left);
    for (let bin = centre; bin < right; bin++)
      if (right !== centre) values[bin * bands + band] = (right - bin) / (right - centre);
  }
  const to = typeOfCode(call, call.real('output_datatype', 1));
  return OnnxTensor.numbers(
    to,
    values.map((value) => stored(to, value)),
    [bins, bands],
  );
});

const randomNames = [
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
];

/** What draws is another number each time; no two programs agree on which. */
const random = randomNames.map((type) =>
  operator(type, (call: Call) => call.refuse('draws random numbers'), { refusal: 'it draws random numbers' }),
);

/** Makers of tensors. */
export const generatorOperators: readonly Operator[] = [
  constant,
  constantOfShape,
  range,
  eyeLike,
  window('HannWindow', [0.5, -0.5]),
  window('HammingWindow', [25 / 46, -21 / 46]),
  window('BlackmanWindow', [0.42, -0.5, 0.08]),
  melWeights,
  ...random,
];
