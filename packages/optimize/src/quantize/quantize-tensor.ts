/** Quantization of one tensor. */
import { ArgumentError, fromTyped, ShapeError, type Tensor } from '@espalier/tensor';
import {
  aTensor,
  anObject,
  check,
  checkOptions,
  oneOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import { encodeValues, runsOf } from './codes.ts';
import { affineOf, numberFormat, numberFormats, type NumberFormat, type WeightFormat } from './number-format.ts';
import { createObserver, type ObserverConfig } from './observers/observers.ts';
import type { Granularity } from './options.ts';

/** A tensor as codes and scales: about `codes · scales`. */
export interface QuantizedTensor {
  readonly format: WeightFormat;
  /** i8, of the tensor's shape. */
  readonly codes: Tensor;
  /** f32, [1] or one for each index of the first axis. */
  readonly scales: Tensor;
}

/** How one tensor is quantized. */
export interface QuantizeTensorOptions {
  /** One of `numberFormats`. Default: `int8`. */
  readonly format?: WeightFormat;
  /** Default: `channel`. */
  readonly granularity?: Exclude<Granularity, 'group'>;
  /** Default: `min-max`. */
  readonly observer?: ObserverConfig;
}

/** As many formats as are known by now. */
const tensorRules = (): OptionRules<QuantizeTensorOptions> => ({
  format: oneOf<WeightFormat>(...numberFormats),
  granularity: oneOf<QuantizeTensorOptions['granularity'] & string>('channel', 'tensor'),
  observer: ruleOf("an observer, such as { type: 'min-max' }", anObject.holds),
});

/** For each run of values, given as [begin, end], what covers the range its observer finds: a scale, and a zero point if wanted. */
export function findScales(
  values: Float32Array,
  runs: readonly (readonly [number, number])[],
  { minimum, maximum }: Pick<NumberFormat, 'minimum' | 'maximum'>,
  observer: ObserverConfig,
  zeros = false,
): { readonly scales: Float32Array<ArrayBuffer>; readonly zeros: Int8Array<ArrayBuffer> | undefined } {
  const codes = { minimum, maximum, zeros };
  const found = runs.map(([begin, end]) => {
    const seen = createObserver(observer);
    seen.observe(values.subarray(begin, end));
    return affineOf(seen.range(codes), codes);
  });
  return {
    scales: Float32Array.from(found, ({ scale }) => scale),
    zeros: zeros ? Int8Array.from(found, ({ zero }) => zero) : undefined,
  };
}

/**
 * Quantizes a tensor symmetrically: codes of the format (of `int8` from -127 to 127), the code 0 for the number 0,
 * rounded half to even. With the `min-max` observer no element moves by more than half its scale.
 * @throws {ShapeError} for a scalar by channel.
 * @throws {ArgumentError} for NaN and infinities, for which there is no code.
 */
export async function quantizeTensor(tensor: Tensor, options: QuantizeTensorOptions = {}): Promise<QuantizedTensor> {
  check('quantizeTensor', 'tensor', tensor, aTensor);
  const {
    format = 'int8',
    granularity = 'channel',
    observer = { type: 'min-max' },
  } = checkOptions('quantizeTensor', options, tensorRules());
  const [channels] = tensor.shape;
  if (granularity === 'channel' && channels === undefined) {
    throw new ShapeError('quantizeTensor', 'a scalar has no channels; quantize it with granularity tensor');
  }
  const values = (await tensor.cast('f32').data()) as Float32Array;
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new ArgumentError(
      'quantizeTensor',
      `element ${wrong} is ${values[wrong]}; there are codes for finite numbers only`,
    );
  const count = granularity === 'tensor' ? 1 : (channels ?? 1);
  const wanted = numberFormat(format);
  const runs = runsOf(values.length, values.length, count, undefined);
  const { scales } = findScales(values, runs, wanted, observer);
  const codes = encodeValues(values, scales, wanted);
  const { shape, device } = tensor;
  return { format, codes: fromTyped(codes, shape, { device }), scales: fromTyped(scales, [scales.length], { device }) };
}

const aQuantizedTensor: Rule<QuantizedTensor> = partsOf<QuantizedTensor>(
  'what quantizeTensor gave, { codes, scales }',
  {
    codes: aTensor,
    scales: aTensor,
  },
);

/** The f32 tensor that codes and scales stand for. */
export function dequantizeTensor(quantized: QuantizedTensor): Tensor {
  const { codes, scales } = check('dequantizeTensor', 'quantized', quantized, aQuantizedTensor);
  const rest = codes.shape.slice(1).map(() => 1);
  return codes.cast('f32').mul(codes.rank === 0 ? scales.reshape([]) : scales.reshape([scales.size, ...rest]));
}
