/** How many weights share a scale, as suits each weight: `granularity: 'fitting'`. */
import type { Conv2d, Module } from '@espalier/nn';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { decodeValues, encodeValues, runsOf } from './codes.ts';
import type { NumberFormat } from './number-format.ts';
import type { ObserverConfig } from './observers/observers.ts';
import { findScales } from './quantize-tensor.ts';

/** Weights that share a scale where those of a channel do not: of few bits a scale must not take as many as the codes. */
const groupFor = ({ bits }: NumberFormat): number => (bits === 8 ? 8 : 32);

/** The share of the energy of a weight that rounding by channels may lose: 43 dB, what 8 bits lose of a few hundred weights of a bell's shape. */
const mostLoss = 5e-5;

/** ‖a - b‖² / ‖a‖²; 0 for an empty or zero tensor that did not change. */
export function relativeError(before: Float32Array, after: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (const [index, value] of before.entries()) {
    difference += (value - (after[index] as number)) ** 2;
    size += value ** 2;
  }
  return size === 0 ? difference : difference / size;
}

/**
 * The group that a weight [rows, columns] is rounded by, or undefined where a scale for each row is fine enough. A row of which one weight
 * is twenty times the others, as where the way around a layer was made a part of it, has nearly no codes left for these.
 */
export function groupFitting(
  values: Float32Array,
  columns: number,
  {
    numbers,
    observer,
    zeros,
  }: { readonly numbers: NumberFormat; readonly observer: ObserverConfig; readonly zeros: boolean },
): number | undefined {
  const group = groupFor(numbers);
  if (columns <= group) return undefined;
  const runs = runsOf(values.length, columns, values.length / columns, undefined);
  const scaling = findScales(values, runs, numbers, observer, zeros);
  const back = decodeValues(encodeValues(values, scaling, numbers, columns), scaling, columns);
  return relativeError(values, back) > mostLoss ? group : undefined;
}

/**
 * Whether a weight is that of a depthwise convolution: a few weights for each channel, so that codes save next to nothing, and each result
 * a sum of a few terms, so that their errors do not average out.
 */
export function isDepthwise(model: Module, { parameter }: NamedParameter): boolean {
  for (const module of model.namedModules().values()) {
    if (module.type !== 'conv2d') continue;
    const { in: inputs, groups } = (module as Conv2d).options;
    if (groups !== inputs || groups === 1) continue;
    for (const { identity } of module.namedParameters({ own: true }).values())
      if (identity === parameter.identity) return true;
  }
  return false;
}
