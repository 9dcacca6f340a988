/** The geometry of a convolution, as the kernels rely on it. */
import { ShapeError } from '../errors.ts';
import type { Conv2dGeometry } from '../kernel/spec.ts';
import { windowCount } from '../shape/layout.ts';
import {
  aCount,
  anObject,
  aPositiveInteger,
  check,
  checkOptions,
  listOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from './rules.ts';

type Pair = readonly [number, number];

function pairOf(element: Rule<number>): Rule<Pair> {
  const list = listOf(element);
  return ruleOf(`a pair in which each is ${element.is}`, (value) => list.holds(value) && value.length === 2);
}

const counts = pairOf(aCount);
const positive = pairOf(aPositiveInteger);

const rules: OptionRules<Conv2dGeometry> = {
  batch: aCount,
  groups: aPositiveInteger,
  inChannels: aCount,
  outChannels: aCount,
  inSize: counts,
  outSize: counts,
  kernel: counts,
  stride: positive,
  padding: counts,
  dilation: positive,
};

/** @throws {ArgumentError | ShapeError} unless sizes, kernel and steps belong together. */
export function checkGeometry(operation: string, geometry: Conv2dGeometry): void {
  checkOptions(operation, check<object>(operation, 'geometry', geometry, anObject) as Conv2dGeometry, rules);
  for (const [name, rule] of Object.entries(rules) as [keyof Conv2dGeometry, Rule<unknown>][])
    check(operation, name, geometry[name], rule);
  const { inChannels, outChannels, groups, inSize, outSize, kernel, stride, padding, dilation } = geometry;
  const fits = [0, 1].every((axis) => {
    const at = (pair: Pair): number => pair[axis] as number;
    const padded = at(inSize) + 2 * at(padding);
    return at(outSize) === windowCount(padded, at(kernel), at(stride), at(dilation));
  });
  if (!fits || inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new ShapeError(operation, `${JSON.stringify(geometry)} is no convolution; let conv2d work it out`);
}
