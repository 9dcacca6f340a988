/** Which parameters a pass works on. */
import type { Module, Parameter } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';

/** Patterns over dotted parameter names. `*` stands for any characters; `/…/` is a regular expression. */
export interface ParameterFilter {
  /** Only what matches one of these. Default: every weight of two or more dimensions, hence no bias and no norm. */
  readonly include?: readonly string[];
  /** Nothing that matches one of these. */
  readonly exclude?: readonly string[];
}

/** A parameter with its dotted name. */
export interface NamedParameter {
  readonly name: string;
  readonly parameter: Parameter;
}

/**
 * The parameters of a model that a filter names, in the model's order.
 * @throws {RecipeError} when a pattern matches nothing, which is most often a misspelling, or when nothing is left.
 */
export function selectParameters(place: string, model: Module, filter: ParameterFilter = {}): NamedParameter[] {
  checkFilter(place, filter);
  checkTargets(place, model, filter);
  const all = [...model.namedParameters()].map(([name, parameter]) => ({ name, parameter }));
  const included = filter.include
    ? all.filter(({ name }) => filter.include?.some((pattern) => matches(pattern, name)))
    : all.filter(({ name, parameter }) => isWeight(name, parameter));
  const chosen = included.filter(({ name }) => !filter.exclude?.some((pattern) => matches(pattern, name)));
  if (chosen.length === 0) {
    throw new RecipeError(
      place,
      `no parameter is left to work on; there are ${all.map(({ name }) => name).join(', ') || 'none'}`,
    );
  }
  return chosen;
}

/** @throws {RecipeError} for a pattern that matches none of the parameters of a model, or of its layers, which is most often a misspelling. */
export function checkTargets(
  place: string,
  model: Module,
  { include = [], exclude = [] }: ParameterFilter,
  targets: 'parameters' | 'layers' = 'parameters',
): void {
  const all = targets === 'layers' ? model.namedModules() : model.namedParameters();
  const names = [...all.keys()].filter((name) => name !== '');
  const unknown = [...include, ...exclude].find((pattern) => !names.some((name) => matches(pattern, name)));
  if (unknown === undefined) return;
  const what = targets === 'layers' ? 'layer' : 'parameter';
  throw new RecipeError(place, `'${unknown}' matches no ${what}; there are ${names.join(', ') || 'none'}`);
}

/** @throws {RecipeError} for a filter that no model could be looked at with. */
export function checkFilter(place: string, { include, exclude }: ParameterFilter): void {
  for (const [option, patterns] of Object.entries({ include, exclude })) checkPatterns(place, option, patterns);
}

/** @throws {RecipeError} unless the patterns are a list of texts that can be read. */
function checkPatterns(place: string, option: string, patterns: unknown): void {
  if (patterns === undefined) return;
  if (!Array.isArray(patterns) || !patterns.every((pattern) => typeof pattern === 'string'))
    throw new RecipeError(place, `${option} is ${quote(patterns)}; it must be a list of patterns over parameter names`);
  for (const pattern of patterns) {
    try {
      matches(pattern, '');
    } catch (error) {
      throw new RecipeError(place, `${option} has ${quote(pattern)}: ${(error as Error).message}`);
    }
  }
}

function isWeight(name: string, parameter: Parameter): boolean {
  return parameter.shape.length >= 2 && (name === 'weight' || name.endsWith('.weight'));
}

/** Whether a pattern stands for a name. */
export function matches(pattern: string, name: string): boolean {
  const regular = /^\/(.*)\/$/.exec(pattern);
  if (regular) return new RegExp(regular[1] ?? '').test(name);
  const literal = pattern.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll('*', '.*')}$`).test(name);
}
