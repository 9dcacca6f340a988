/** Quantization of a parameter as a view: the model computes with the numbers that its file will hold. */
import { deriveSeed, type Parameter, type ParameterView, type ViewMeaning } from '@espalier/nn';
import { aParameter } from '@espalier/nn/arguments';
import { ArgumentError, fromTyped, type Shape, type Tensor } from '@espalier/tensor';
import { aCount, aTensor, check, checkOptions, ruleOf, type OptionRules, type Rule } from '@espalier/tensor/arguments';
import { quote } from '../quote.ts';
import { decodeValues, encodeValues, scaleCount, type Scaling } from './codes.ts';
import { numberFormat, numberFormats, type WeightFormat } from './number-format.ts';
import { throughCodes } from './rounding-ops.ts';

const floats: Rule<Float32Array> = ruleOf('a Float32Array', (value) => value instanceof Float32Array);
const someCodes: Rule<Int8Array> = ruleOf('an Int8Array', (value) => value instanceof Int8Array);

/** What a quantization may have beside scales. */
export type ScalingOptions = Pick<Scaling, 'zeros' | 'group'>;

const scalingRules: OptionRules<ScalingOptions> = { zeros: someCodes, group: aCount };

/** The name of quantization views. */
export const quantizeViewName = 'fake-quantize';

/** A tensor with a number for each scale, spread over what the scales are of, in a shape that broadcasts to the weight's. */
export function spread(each: Tensor, shape: Shape, group: number | undefined): Tensor {
  const [rows = 1, ...rest] = shape;
  if (group === undefined) return each.reshape([each.size, ...rest.map(() => 1)]);
  const columns = rest.reduce((product, size) => product * size, 1);
  const groups = Math.ceil(columns / group);
  return each
    .reshape([rows, groups, 1])
    .expand([rows, groups, group])
    .reshape([rows, groups * group])
    .narrow(1, 0, columns)
    .reshape(shape);
}

/**
 * Shows a parameter rounded to the codes of a format: (code - zero) · scale, one scale for the whole tensor, for each index of
 * the first axis (the output channels), or for each group of what belongs to one. Its gradient passes straight through where
 * nothing is clamped and is 0 elsewhere (Y. Bengio et al., 2013), so training goes on under it.
 */
export class QuantizeView implements ParameterView {
  readonly name: string = quantizeViewName;
  readonly format: WeightFormat;
  /** One scale, one for each index of the first axis, or, with a group, for each group of each of those. */
  readonly scales: Float32Array;
  /** The code of the number 0 of each scale; absent where it is 0 for all. */
  readonly zeros: Int8Array | undefined;
  /** How many weights of an index of the first axis share a scale; absent where all do. */
  readonly group: number | undefined;
  readonly apply: (tensor: Tensor) => Tensor;
  /** The format, and a hash of the scales. */
  readonly settings: string;
  readonly meaning: ViewMeaning;
  readonly #columns: number;

  /**
   * @throws {ArgumentError} for a format it does not know, and for scales that are no positive numbers or do not fit.
   */
  constructor(format: WeightFormat, scales: Float32Array, like: Tensor, options: ScalingOptions = {}) {
    check('setQuantization', 'like', like, aTensor);
    const { zeros, group } = checkOptions('setQuantization', options, scalingRules);
    checkScales(format, { scales, zeros, group }, like);
    this.format = format;
    this.scales = scales;
    this.zeros = zeros;
    this.group = group;
    const all = [scales.join(), ...(zeros ? [zeros.join()] : []), ...(group === undefined ? [] : [String(group)])];
    this.settings = `${format} ${deriveSeed(0, all.join(' ')).toString(36)}`;
    this.#columns = like.size / (like.shape[0] ?? 1);
    const { minimum, maximum, bits } = numberFormat(format);
    this.meaning = { does: 'codes', bits, scales, zeros, group };
    const { shape, device } = like;
    const place = (values: Float32Array): Tensor =>
      spread(fromTyped(values, [values.length], { device }), shape, group).realizeSync();
    const scale = place(scales);
    const zero = zeros ? place(Float32Array.from(zeros)) : 0;
    this.apply = (values) => throughCodes([values, scale, zero], { minimum, maximum });
  }

  readonly copy = (like: Tensor): QuantizeView => new QuantizeView(this.format, this.scales, like, this.#options());

  /** The codes of these values of the parameter. */
  encode(values: Float32Array): Int8Array<ArrayBuffer> {
    const given = check('QuantizeView.encode', 'values', values, floats);
    return encodeValues(given, this, numberFormat(this.format), this.#columns);
  }

  /** What the codes stand for. */
  decode(codes: Int8Array): Float32Array<ArrayBuffer> {
    return decodeValues(check('QuantizeView.decode', 'codes', codes, someCodes), this, this.#columns);
  }

  #options(): ScalingOptions {
    const { zeros, group } = this;
    return { ...(zeros && { zeros }), ...(group !== undefined && { group }) };
  }
}

function checkScales(format: string, { scales, zeros, group }: Scaling, { shape, size }: Tensor): void {
  check('setQuantization', 'scales', scales, floats);
  const isFormat = numberFormats.includes(format);
  const rows = shape[0] ?? 1;
  const isGroup = group === undefined || group >= 1;
  const fits =
    isGroup &&
    (group === undefined
      ? scales.length === 1 || scales.length === shape[0]
      : scales.length === scaleCount(rows, rows === 0 ? 0 : size / rows, group));
  const { minimum, maximum } = isFormat ? numberFormat(format) : { minimum: 0, maximum: 0 };
  const areZeros =
    !zeros || (zeros.length === scales.length && zeros.every((zero) => zero >= minimum && zero <= maximum));
  if (isFormat && fits && areZeros && scales.every((scale) => scale > 0 && scale < Infinity)) return;
  throw new ArgumentError(
    'setQuantization',
    `${quote(format)} with the scales ${quote([...scales])}${zeros ? ` and the zeros ${quote([...zeros])}` : ''} does not fit [${shape.join(', ')}]; the format is one of ${numberFormats.join(', ')}, with one positive ` +
      'scale, or one for each index of the first axis, or for each group of those, and as many zero points, if any, that are codes',
  );
}

/** The quantization view of a parameter, if it has one. */
export function quantizationOf(parameter: Parameter): QuantizeView | undefined {
  return check('quantizationOf', 'parameter', parameter, aParameter).views.find((view) => view instanceof QuantizeView);
}

/** Quantizes a parameter, anew if it was before. Quantization comes after a mask. */
export function setQuantization(
  parameter: Parameter,
  format: WeightFormat,
  scales: Float32Array,
  options: ScalingOptions = {},
): QuantizeView {
  check('setQuantization', 'parameter', parameter, aParameter);
  const view = new QuantizeView(format, scales, parameter.tensor, options);
  parameter.removeViews(quantizeViewName);
  parameter.views.push(view);
  return view;
}
