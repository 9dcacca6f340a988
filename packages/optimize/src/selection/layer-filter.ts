/** Which layers a pass works on. */
import type { Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { checkTargets, matches, type ParameterFilter } from './parameter-filter.ts';

/** A layer with its dotted name. */
export interface NamedLayer {
  readonly name: string;
}

/**
 * Those of the layers that a pass can work on whose names a filter has; `kind` says what such layers do: `adds something to what
 * it is given`.
 * @throws {RecipeError} when a pattern matches no layer of the model, and when nothing is left.
 */
export function selectLayers<Layer extends NamedLayer>(
  place: string,
  model: Module,
  layers: readonly Layer[],
  { include, exclude = [] }: ParameterFilter,
  kind: string,
): readonly Layer[] {
  checkTargets(place, model, { ...(include && { include }), exclude }, 'layers');
  const isIn = (name: string, patterns: readonly string[]): boolean =>
    patterns.some((pattern) => matches(pattern, name));
  const chosen = layers.filter(({ name }) => (!include || isIn(name, include)) && !isIn(name, exclude));
  if (chosen.length > 0) return chosen;
  const others = layers.length > 0 ? `there are ${layers.map(({ name }) => name).join(', ')}` : 'the model has none';
  throw new RecipeError(place, `no layer is left that ${kind}; ${others}`);
}
