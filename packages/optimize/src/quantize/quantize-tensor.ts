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
import { encodeValues } from './codes.ts';
import { numberFormat, numberFormats, scaleOf, type WeightFormat } from './number-format.ts';
import { createObserver, type ObserverConfig } from './observers.ts';
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
  readonly granularity?: Granularity;
  /** Default: `min-max`. */
  readonly observer?: ObserverConfig;
}

/** As many formats as are known by now. */
const tensorRules = (): OptionRules<QuantizeTensorOptions> => ({
  format: oneOf<WeightFormat>(...numberFormats),
  granularity: oneOf<Granularity>('channel', 'tensor'),
  observer: ruleOf("an observer, such as { type: 'min-max' }", anObject.holds),
});

/** One scale for each group of values in a row, so that the format covers the range its observer finds. */
export function findScales(
  values: Float32Array,
  groups: number,
  format: WeightFormat,
  observer: ObserverConfig,
): Float32Array<ArrayBuffer> {
  const [size, wanted] = [values.length / groups, numberFormat(format)];
  return Float32Array.from({ length: groups }, (_, group) => {
    const seen = createObserver(observer);
    seen.observe(values.subarray(group * size, (group + 1) * size));
    return scaleOf(seen.range(), wanted);
  });
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
  const scales = findScales(values, granularity === 'tensor' ? 1 : (channels ?? 1), format, observer);
  const codes = encodeValues(values, scales, numberFormat(format));
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
