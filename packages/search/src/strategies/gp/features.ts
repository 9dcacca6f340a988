/** A space as coordinates that a Gaussian process can measure distances in. */
import type { ConfigObject, SpaceNode } from '../../space/node.ts';
import { gridSize, gridValue, toUnit } from '../../space/number-scale.ts';
import type { Parameter } from '../../space/parameter.ts';
import type { Space } from '../../space/space.ts';
import { codeOf, codesOf, valueOf } from '../codes.ts';
import type { Kinds } from './process.ts';

/** The coordinates in which a Gaussian process sees a space: one for each parameter. */
export interface Features {
  readonly paths: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly kinds: Kinds;
  /** By coordinate, the codes to try one by one; none for a number with too many. */
  readonly options: readonly (readonly number[])[];
  /** Whether every config has every parameter, so that codes need no config to be a point. */
  readonly flat: boolean;
  /** The coordinates that decide which others a config has: branches, and the lengths of lists. */
  readonly deciding: readonly number[];
  /** By the deciding codes of a config, the coordinates that it does not have. */
  readonly shapes: Map<string, readonly number[]>;
}

/** Whether a part of a space has nothing that only some configs have. */
function isFlat(node: SpaceNode): boolean {
  if (node.kind === 'group') return Object.values(node.fields).every(isFlat);
  return node.kind === 'int' || node.kind === 'float' || node.kind === 'choice';
}

/** Whether a path is that of the length of a list. */
function isLength(path: string): boolean {
  return path === 'length' || path.endsWith('.length');
}

/** Grids of more values than this are searched as if they were continuous. */
const mostOptions = 16;

/** The coordinates of a space. */
export function featuresOf(space: Space): Features {
  const entries = [...space.parameters()];
  const parameters = entries.map(([, parameter]) => parameter);
  return {
    paths: entries.map(([path]) => path),
    parameters,
    flat: isFlat(space.root),
    deciding: entries.flatMap(([path], index) =>
      isLength(path) || entries.some(([other]) => other.startsWith(`${path}.`)) ? index : [],
    ),
    shapes: new Map(),
    kinds: parameters.map(({ kind }) => (kind === 'choice' ? 'choice' : 'number')),
    options: parameters.map((parameter) => {
      if (parameter.kind === 'choice') return parameter.values.map((_, index) => index);
      const count = gridSize(parameter);
      if (count > mostOptions) return [];
      return Array.from({ length: count }, (_, index) => toUnit(parameter, gridValue(parameter, index)));
    }),
  };
}

/** A config as a point; what it does not have is in the middle, or a choice of its own. */
export function pointOf(space: Space, { paths, kinds }: Features, config: ConfigObject): Float64Array {
  const codes = codesOf(space, config);
  return Float64Array.from(paths, (path, index) => codes.get(path)?.code ?? (kinds[index] === 'choice' ? -1 : 0.5));
}

/** The config of some codes; those of what it does not have are ignored. */
export function configOf(space: Space, { paths }: Features, codes: Float64Array): ConfigObject {
  return space.build((path, parameter) => valueOf(parameter, codes[paths.indexOf(path)] ?? 0));
}

/** The code that the value of a code has: on a grid, that of the nearest value. */
function snapped(parameter: Parameter | undefined, options: readonly number[] | undefined, code: number): number {
  if (parameter === undefined || options?.includes(code) === true || parameter.kind === 'choice') return code;
  return parameter.step === undefined ? code : codeOf(parameter, valueOf(parameter, code));
}

/** The most combinations of deciding codes whose active parameters are remembered. */
const mostShapes = 5000;

/** The point of the config of some codes. What is active follows from the deciding codes, so it is remembered. */
export function pointOfCodes(space: Space, features: Features, codes: Float64Array): Float64Array {
  const { parameters, options, kinds, flat, deciding, shapes } = features;
  const point = codes.map((code, index) => snapped(parameters[index], options[index], code));
  if (flat) return point;
  const key = deciding.map((index) => point[index]).join(' ');
  let missing = shapes.get(key);
  if (missing === undefined) {
    const active = codesOf(space, configOf(space, features, codes));
    missing = features.paths.flatMap((path, index) => (active.has(path) ? [] : index));
    if (shapes.size >= mostShapes) shapes.clear();
    shapes.set(key, missing);
  }
  for (const index of missing) point[index] = kinds[index] === 'choice' ? -1 : 0.5;
  return point;
}
