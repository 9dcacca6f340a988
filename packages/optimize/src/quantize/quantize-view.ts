/** Quantization of a parameter as a view: the model computes with the numbers that its file will hold. */
import { deriveSeed, type Parameter, type ParameterView } from '@espalier/nn';
import { aParameter } from '@espalier/nn/arguments';
import { ArgumentError, customGradient, fromTyped, type Tensor } from '@espalier/tensor';
import { aTensor, check, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { quote } from '../quote.ts';
import { decodeValues, encodeValues } from './codes.ts';
import { numberFormat, numberFormats, type WeightFormat } from './number-format.ts';

const floats: Rule<Float32Array> = ruleOf('a Float32Array', (value) => value instanceof Float32Array);
const someCodes: Rule<Int8Array> = ruleOf('an Int8Array', (value) => value instanceof Int8Array);

/** The name of quantization views. */
export const quantizeViewName = 'fake-quantize';

/**
 * Shows a parameter rounded to the codes of a format: code · scale, one scale for the whole tensor or for each index of the
 * first axis (the output channels). Its gradient passes straight through where nothing is clamped and is 0 elsewhere
 * (Y. Bengio et al., 2013), so training goes on under it.
 */
export class QuantizeView implements ParameterView {
  readonly name: string = quantizeViewName;
  readonly format: WeightFormat;
  /** One scale, or one for each index of the first axis. */
  readonly scales: Float32Array;
  readonly apply: (tensor: Tensor) => Tensor;
  /** The format, and a hash of the scales. */
  readonly settings: string;

  /**
   * @throws {ArgumentError} for a format it does not know, and for scales that are no positive numbers or do not fit.
   */
  constructor(format: WeightFormat, scales: Float32Array, like: Tensor) {
    check('setQuantization', 'like', like, aTensor);
    checkScales(format, scales, like);
    this.format = format;
    this.scales = scales;
    this.settings = `${format} ${deriveSeed(0, scales.join()).toString(36)}`;
    const { minimum, maximum } = numberFormat(format);
    const shape = [scales.length, ...like.shape.slice(1).map(() => 1)];
    const scale = fromTyped(scales, shape, { device: like.device }).realizeSync();
    this.apply = customGradient({
      // Adding 0 makes 0 of -0, for which there is no code.
      forward: (values) => values.div(scale).round().clamp(minimum, maximum).add(0).mul(scale),
      backward: (gradient, [values]) => {
        const code = (values as Tensor).div(scale);
        return [gradient.where(code.ge(minimum).logicalAnd(code.le(maximum)), 0)];
      },
    });
  }

  readonly copy = (like: Tensor): QuantizeView => new QuantizeView(this.format, this.scales, like);

  /** The codes of these values of the parameter. */
  encode(values: Float32Array): Int8Array<ArrayBuffer> {
    return encodeValues(check('QuantizeView.encode', 'values', values, floats), this.scales, numberFormat(this.format));
  }

  /** What the codes stand for. */
  decode(codes: Int8Array): Float32Array<ArrayBuffer> {
    return decodeValues(check('QuantizeView.decode', 'codes', codes, someCodes), this.scales);
  }
}

function checkScales(format: string, scales: Float32Array, { shape }: Tensor): void {
  check('setQuantization', 'scales', scales, floats);
  const isFormat = numberFormats.includes(format);
  const fits = scales.length === 1 || scales.length === shape[0];
  if (isFormat && fits && scales.every((scale) => scale > 0 && scale < Infinity)) return;
  throw new ArgumentError(
    'setQuantization',
    `${quote(format)} with the scales ${quote([...scales])} does not fit [${shape.join(', ')}]; the format is one of ${numberFormats.join(', ')}, with one positive ` +
      'scale, or one for each index of the first axis',
  );
}

/** The quantization view of a parameter, if it has one. */
export function quantizationOf(parameter: Parameter): QuantizeView | undefined {
  return check('quantizationOf', 'parameter', parameter, aParameter).views.find((view) => view instanceof QuantizeView);
}

/** Quantizes a parameter, anew if it was before. Quantization comes after a mask. */
export function setQuantization(parameter: Parameter, format: WeightFormat, scales: Float32Array): QuantizeView {
  check('setQuantization', 'parameter', parameter, aParameter);
  const view = new QuantizeView(format, scales, parameter.tensor);
  parameter.removeViews(quantizeViewName);
  parameter.views.push(view);
  return view;
}
