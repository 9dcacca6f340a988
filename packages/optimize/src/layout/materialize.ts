/** From a parameter with views to the layout its file holds, and back. */
import { FormatError, type Parameter, type StoredWeight } from '@espalier/nn';
import { aParameter, aRawTensor, mapOf } from '@espalier/nn/arguments';
import { ArgumentError, fromTyped, sizeOf, type Shape } from '@espalier/tensor';
import { aText, check, showShape } from '@espalier/tensor/arguments';
import { codebookOf } from '../cluster/codebook-view.ts';
import { maskOf, setMask } from '../prune/mask-view.ts';
import { decodeValues, encodeValues, scaleCount, scaleIndex } from '../quantize/codes.ts';
import {
  numberFormat,
  numberFormats,
  plainFormat,
  type NumberFormat,
  type WeightFormat,
} from '../quantize/number-format.ts';
import { quantizationOf, setQuantization } from '../quantize/quantize-view.ts';
import { checkViews, isViewed } from '../views/carried.ts';
import { nonZero, type SparseWeights, type Values } from './bitmask.ts';
import {
  isOptimizedWeight,
  keptOf,
  matrixOf,
  optimizedWeight,
  scalingOptions,
  type WeightNumbers,
} from './optimized-weight.ts';
import { packShared, restoreShared, sharedFormat } from './shared-weight.ts';
import { store, unstore } from './stored-array.ts';
import {
  decodeLayout,
  encodeLayout,
  layoutNames,
  packLayout,
  smallestLayout,
  unpackLayout,
  type LayoutName,
  type NamedArrays,
} from './weight-layout.ts';
import { brief, quote } from '../quote.ts';

/** What a file needs to say about a weight besides its arrays. */
export interface WeightDescription {
  readonly layout: LayoutName;
  /** The format of one stored value: `float32`, one of `numberFormats`, or `codebook` for a place in a table of values. */
  readonly format: WeightFormat;
  /** Bits of such a place. */
  readonly bits?: number;
  readonly shape: Shape;
  /** Whether it has a mask: what a layout does not hold, or a dense one holds as 0, was pruned and stays 0 in training. */
  readonly pruned: boolean;
  /** How many weights of a row share a scale; absent where all of it do. */
  readonly group?: number;
}

/** A weight in a real layout: what a file holds. */
export interface MaterializedWeight extends WeightDescription {
  /** Arrays by the ending that is added to the parameter's name. */
  readonly arrays: NamedArrays;
  /** Weights that are not 0. */
  readonly nonZeros: number;
  /** Bytes of all arrays. */
  readonly bytes: number;
}

/** Whether a parameter has views, or is stored in a format, that a plain tensor in a file would lose. */
export function hasLayout(parameter: Parameter): boolean {
  return (
    parameter.stored !== undefined ||
    maskOf(parameter) !== undefined ||
    quantizationOf(parameter) !== undefined ||
    codebookOf(parameter) !== undefined
  );
}

/**
 * Turns a masked or quantized f32 parameter into the layout that takes the fewest bytes: its values (f32, or codes with
 * scales), dense, by bitmask or by compressed rows. A sparse layout holds every weight that the mask keeps, also one
 * that is 0. The parameter is not changed. `name` is for errors.
 * @throws {ArgumentError} for a view that a file cannot carry, for NaN under quantization, and for another dtype than
 * f32.
 */
export async function materialize(parameter: Parameter, name = 'the parameter'): Promise<MaterializedWeight> {
  check('materialize', 'parameter', parameter, aParameter);
  check('materialize', 'name', name, aText);
  return arrange(parameter.stored ? await ofStored(parameter, parameter.stored, name) : await ofViews(parameter, name));
}

/** What a weight is made of, whatever holds it. */
interface Contents {
  readonly shape: Shape;
  /** What the module computes with, to the last bit: a device may round a code in its own way. */
  readonly values: Float32Array<ArrayBuffer>;
  /** 1 for each weight that a mask keeps. */
  readonly kept: Uint8Array | undefined;
  readonly quantization: WeightNumbers | undefined;
}

async function ofViews(parameter: Parameter, name: string): Promise<Contents> {
  checkViews('materialize', name, parameter);
  if (isViewed(parameter))
    throw new ArgumentError(
      'materialize',
      `${name} has views that are no mask and no quantization, which no layout holds; pack the model (packWeights)`,
    );
  const { shape, dtype } = parameter;
  if (dtype !== 'f32')
    throw new ArgumentError('materialize', `${name} is ${dtype}; masks and codes are stored of f32 only`);
  const quantization = quantizationOf(parameter) ?? (codebookOf(parameter) && { table: undefined });
  const values = (await parameter.value.data()) as Float32Array<ArrayBuffer>;
  if (quantization && values.some(Number.isNaN))
    throw new ArgumentError(
      'materialize',
      `${name} holds NaN, for which there is no code; save a model that did not diverge`,
    );
  return { shape, values, kept: await maskOf(parameter)?.kept(), quantization };
}

async function ofStored({ shape, value }: Parameter, stored: StoredWeight, name: string): Promise<Contents> {
  if (!isOptimizedWeight(stored))
    throw new ArgumentError(
      'materialize',
      `${name} is in the format ${stored.matrix.format.name}, which is no layout of values or codes: pack the model (packWeights), or make it dense (parameter.tensor)`,
    );
  const { matrix, pruned, quantization } = stored;
  const kept = pruned ? ((await keptOf(matrix).data()) as Uint8Array) : undefined;
  return { shape, values: (await value.data()) as Float32Array<ArrayBuffer>, kept, quantization };
}

function arrange({ shape, values, kept, quantization }: Contents): MaterializedWeight {
  if (quantization && 'table' in quantization) {
    const { layout, bits, arrays } = packShared(shape, values, kept);
    const nonZeros = countNonZeros(values);
    return {
      layout,
      format: sharedFormat,
      bits,
      shape,
      pruned: kept !== undefined,
      arrays,
      nonZeros,
      bytes: bytesOf(arrays),
    };
  }
  const format = quantization && numberFormat(quantization.format);
  const columns = values.length / (shape[0] ?? 1);
  const dense: Values = quantization && format ? encodeValues(values, quantization, format, columns) : values;
  const { zeros, group } = quantization ?? {};
  const weights: SparseWeights = { dense, present: Uint8Array.from(kept ?? nonZero(dense)) };
  // Where 0 has another code than 0, what is there is told by the mask alone.
  const ofZeros: LayoutName = kept ? 'bitmask' : 'dense';
  const layout = zeros ? ofZeros : smallestLayout(shape, weights, format?.bits ?? 32);
  const whole = encodeLayout(layout, weights, shape);
  const arrays = new Map(format ? packLayout(layout, whole, format.bits) : whole);
  if (quantization) arrays.set('_scale', store(Float32Array.from(quantization.scales)));
  if (zeros) arrays.set('_zero', store(Int8Array.from(zeros)));
  return {
    layout,
    format: format?.name ?? plainFormat,
    shape,
    pruned: kept !== undefined,
    ...(group !== undefined && { group }),
    arrays,
    nonZeros: countNonZeros(values),
    bytes: bytesOf(arrays),
  };
}

/** Bytes of all arrays. */
export function bytesOf(arrays: NamedArrays): number {
  return [...arrays.values()].reduce((sum, array) => sum + array.bytes.length, 0);
}

/** Values that differ from 0. */
export function countNonZeros(values: ArrayLike<number>): number {
  let count = 0;
  for (let index = 0; index < values.length; index++) if (values[index] !== 0) count++;
  return count;
}

/**
 * Gives a parameter the weight that `materialize` made: stored in its format where the device computes from that, else
 * dense with the views that go with it.
 * @throws {FormatError} naming the array, when the parts do not fit together or not to the parameter.
 */
export function restore(name: string, parameter: Parameter, description: WeightDescription, arrays: NamedArrays): void {
  check('restore', 'name', name, aText);
  check('restore', 'parameter', parameter, aParameter);
  check('restore', 'arrays', arrays, mapOf(aRawTensor));
  const { layout, format, shape, pruned, group } = parseDescription('restore', name, description);
  if (shape.join() !== parameter.tensor.shape.join()) {
    throw new FormatError(name, 0, `has the shape ${showShape(shape)}; the model needs ${showShape(parameter.shape)}`);
  }
  if (format === sharedFormat) return restoreShared(name, parameter, description, arrays);
  const numbers = format === plainFormat ? undefined : numberFormat(format);
  const scales = numbers && unstore(`${name}_scale`, arrays.get('_scale'), 'f32');
  if (scales) checkScales(name, scales, shape, group);
  const zeros = scales && arrays.has('_zero') ? unstore(`${name}_zero`, arrays.get('_zero'), 'i8') : undefined;
  if (zeros && scales && numbers) checkZeros(name, zeros, scales, numbers);
  const quantization = scales && {
    format,
    scales,
    ...(zeros && { zeros }),
    ...(group !== undefined && { group }),
  };
  const { device } = parameter;
  const whole = numbers ? codesOf(name, description, arrays, numbers) : arrays;
  const matrix = matrixOf(name, description, whole, { device, bits: numbers?.bits });
  if (matrix?.t().hasKernel()) {
    parameter.store(optimizedWeight({ matrix, pruned, quantization }));
    return;
  }
  matrix?.dispose();
  const { dense, present } = decodeLayout(layout, name, whole, scales ? 'i8' : 'f32', shape);
  const columns = dense.length / (shape[0] ?? 1);
  if (zeros && scales && layout !== 'dense') {
    const at = scaleIndex({ scales, group }, dense.length, columns);
    for (const [index, is] of present.entries()) if (is === 0) dense[index] = zeros[at(index)] as number;
  }
  const values = quantization ? decodeValues(dense as Int8Array, quantization, columns) : (dense as Float32Array);
  parameter.tensor.assign(fromTyped(values, shape, { device }).realizeSync());
  if (pruned)
    setMask(parameter, layout === 'dense' ? Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)) : present);
  if (quantization) setQuantization(parameter, format, quantization.scales, scalingOptions(quantization));
}

/**
 * The arrays of a file with a code to a byte.
 * @throws {FormatError} naming the array, for one that the format does not have.
 */
function codesOf(
  name: string,
  { layout, shape }: WeightDescription,
  arrays: NamedArrays,
  { name: format, bits, minimum, maximum }: NumberFormat,
): NamedArrays {
  const whole = unpackLayout(layout, name, arrays, shape, bits);
  const values = `${name}${layout === 'dense' ? '' : '_values'}`;
  const codes = unstore(values, whole.get(layout === 'dense' ? '' : '_values'), 'i8');
  const wrong = codes.findIndex((code) => code < minimum || code > maximum);
  if (wrong >= 0)
    throw new FormatError(
      values,
      Math.floor((wrong * bits) / 8),
      `holds the code ${codes[wrong]}; ${format} has those from ${minimum} to ${maximum}`,
    );
  return whole;
}

/** @throws {FormatError} naming the array, unless there is a zero point for each scale, and each is a code. */
function checkZeros(name: string, zeros: Int8Array, scales: Float32Array, { minimum, maximum }: NumberFormat): void {
  if (zeros.length !== scales.length)
    throw new FormatError(`${name}_zero`, 0, `has ${zeros.length} zero points for ${scales.length} scales`);
  const wrong = zeros.findIndex((zero) => zero < minimum || zero > maximum);
  if (wrong >= 0)
    throw new FormatError(
      `${name}_zero`,
      wrong,
      `holds ${zeros[wrong]}; a zero point is a code from ${minimum} to ${maximum}`,
    );
}

function checkScales(name: string, scales: Float32Array, shape: Shape, group: number | undefined): void {
  const [rows = 1, ...rest] = shape;
  const count = scaleCount(rows, sizeOf(rest), group);
  if (group === undefined ? scales.length !== 1 && scales.length !== shape[0] : scales.length !== count) {
    throw new FormatError(
      `${name}_scale`,
      0,
      group === undefined
        ? `has ${scales.length} scales; it needs 1, or ${shape[0]} for one a channel`
        : `has ${scales.length} scales; it needs ${count} for one of each ${group} weights of a channel`,
    );
  }
  const wrong = scales.findIndex((scale) => !(scale > 0 && scale < Infinity));
  if (wrong >= 0)
    throw new FormatError(`${name}_scale`, wrong * 4, `holds ${scales[wrong]}; a scale is a positive number`);
}

/**
 * A description read from JSON.
 * @throws {FormatError} naming `source` and the parameter.
 */
export function parseDescription(source: string, name: string, value: unknown): WeightDescription {
  const { layout, format, shape, pruned, bits, group } = Object(value) as Partial<WeightDescription>;
  const sizes: unknown = shape;
  const valid =
    layoutNames.includes(layout as LayoutName) &&
    typeof format === 'string' &&
    Array.isArray(sizes) &&
    sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0) &&
    typeof pruned === 'boolean' &&
    (group === undefined || (Number.isSafeInteger(group) && group > 0));
  if (!valid) {
    throw new FormatError(
      source,
      0,
      `the description of ${brief(name)} is ${quote(value)}; it needs layout, format, shape and pruned`,
    );
  }
  if (format === sharedFormat) {
    if (!Number.isInteger(bits) || (bits as number) < 1 || (bits as number) > 8)
      throw new FormatError(source, 0, `the bits of ${brief(name)} are ${quote(bits)}; they must be 1 to 8`);
    return { layout, format, bits, shape, pruned } as WeightDescription;
  }
  if (format !== plainFormat && !numberFormats.includes(format))
    throw new FormatError(
      source,
      0,
      `the number format ${quote(format)} of ${brief(name)} is not known; there are ${[plainFormat, sharedFormat, ...numberFormats].join(', ')}, and what registerNumberFormat adds`,
    );
  return { layout, format, shape, pruned, ...(group !== undefined && { group }) } as WeightDescription;
}
