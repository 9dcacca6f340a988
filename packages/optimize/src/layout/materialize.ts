/** From a parameter with views to the layout its file holds, and back. */
import { FormatError, type Parameter } from '@espalier/nn';
import { ArgumentError, fromTyped, type Shape } from '@espalier/tensor';
import { maskOf, setMask } from '../prune/mask-view.ts';
import { decodeValues } from '../quantize/codes.ts';
import type { WeightFormat } from '../quantize/number-format.ts';
import { quantizationOf, setQuantization } from '../quantize/quantize-view.ts';
import { checkViews } from '../views/carried.ts';
import { nonZero, type SparseWeights, type Values } from './bitmask.ts';
import { store, unstore } from './stored-array.ts';
import {
  decodeLayout,
  encodeLayout,
  layoutNames,
  smallestLayout,
  type LayoutName,
  type NamedArrays,
} from './weight-layout.ts';
import { quote } from '../quote.ts';

/** What a file needs to say about a weight besides its arrays. */
export interface WeightDescription {
  readonly layout: LayoutName;
  /** The format of one stored value. */
  readonly format: 'float32' | WeightFormat;
  readonly shape: Shape;
  /** Whether it has a mask: what a layout does not hold, or a dense one holds as 0, was pruned and stays 0 in training. */
  readonly pruned: boolean;
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

/** Whether a parameter has views that a plain tensor in a file would lose. */
export function hasLayout(parameter: Parameter): boolean {
  return maskOf(parameter) !== undefined || quantizationOf(parameter) !== undefined;
}

/**
 * Turns a masked or quantized f32 parameter into the layout that takes the fewest bytes: its values (f32, or int8 with
 * scales), dense, by bitmask or by compressed rows. A sparse layout holds every weight that the mask keeps, also one that is
 * 0. The parameter is not changed. `name` is for errors: throws ArgumentError for a view that a file cannot carry, for NaN
 * under quantization, and for another dtype than f32.
 */
export async function materialize(parameter: Parameter, name = 'the parameter'): Promise<MaterializedWeight> {
  checkViews('materialize', name, parameter);
  const { shape, dtype } = parameter.tensor;
  if (dtype !== 'f32')
    throw new ArgumentError('materialize', `${name} is ${dtype}; masks and codes are stored of f32 only`);
  const quantization = quantizationOf(parameter);
  const mask = maskOf(parameter);
  // What the module computes with, to the last bit: a device may round a code in its own way.
  const real = (await parameter.value.data()) as Float32Array<ArrayBuffer>;
  if (quantization && real.some(Number.isNaN))
    throw new ArgumentError(
      'materialize',
      `${name} holds NaN, for which there is no code; save a model that did not diverge`,
    );
  const dense: Values = quantization ? quantization.encode(real) : real;
  const weights: SparseWeights = { dense, present: Uint8Array.from((await mask?.kept()) ?? nonZero(dense)) };
  const nonZeros = countNonZeros(dense);
  const layout = smallestLayout(shape, weights);
  const arrays = new Map(encodeLayout(layout, weights, shape));
  if (quantization) arrays.set('_scale', store(Float32Array.from(quantization.scales)));
  const bytes = [...arrays.values()].reduce((sum, array) => sum + array.bytes.length, 0);
  return {
    layout,
    format: quantization?.format ?? 'float32',
    shape,
    pruned: mask !== undefined,
    arrays,
    nonZeros,
    bytes,
  };
}

/** Values that differ from 0. */
export function countNonZeros(values: ArrayLike<number>): number {
  let count = 0;
  for (let index = 0; index < values.length; index++) if (values[index] !== 0) count++;
  return count;
}

/**
 * Gives a parameter the weight that `materialize` made, with the views that go with it. Throws FormatError, naming the array,
 * when the parts do not fit together or not to the parameter.
 */
export function restore(name: string, parameter: Parameter, description: WeightDescription, arrays: NamedArrays): void {
  const { layout, format, shape, pruned } = description;
  if (shape.join() !== parameter.tensor.shape.join()) {
    throw new FormatError(
      name,
      0,
      `has the shape [${shape.join(', ')}]; the model needs [${parameter.tensor.shape.join(', ')}]`,
    );
  }
  const { dense, present } = decodeLayout(layout, name, arrays, format === 'float32' ? 'f32' : 'i8', shape);
  const scales = format === 'float32' ? undefined : unstore(`${name}_scale`, arrays.get('_scale'), 'f32');
  if (scales) checkScales(name, scales, shape);
  const values = scales ? decodeValues(dense as Int8Array, scales) : (dense as Float32Array);
  const { device } = parameter.tensor;
  parameter.tensor.assign(fromTyped(values, shape, { device }).realizeSync());
  if (pruned) setMask(parameter, present);
  if (scales && format !== 'float32') setQuantization(parameter, format, scales);
}

function checkScales(name: string, scales: Float32Array, shape: Shape): void {
  if (scales.length !== 1 && scales.length !== shape[0]) {
    throw new FormatError(
      `${name}_scale`,
      0,
      `has ${scales.length} scales; it needs 1, or ${shape[0]} for one a channel`,
    );
  }
  const wrong = scales.findIndex((scale) => !(scale > 0 && scale < Infinity));
  if (wrong >= 0)
    throw new FormatError(`${name}_scale`, wrong * 4, `holds ${scales[wrong]}; a scale is a positive number`);
}

/** A description read from JSON. Throws FormatError naming `source` and the parameter. */
export function parseDescription(source: string, name: string, value: unknown): WeightDescription {
  const { layout, format, shape, pruned } = (value ?? {}) as Partial<WeightDescription>;
  const sizes: unknown = shape;
  const valid =
    layoutNames.includes(layout as LayoutName) &&
    (format === 'float32' || format === 'int8') &&
    Array.isArray(sizes) &&
    sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0) &&
    typeof pruned === 'boolean';
  if (!valid) {
    throw new FormatError(
      source,
      0,
      `the description of ${name} is ${quote(value)}; it needs layout, format, shape and pruned`,
    );
  }
  return { layout, format, shape, pruned } as WeightDescription;
}
