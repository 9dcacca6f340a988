/** The schema of what a search varies: names are those that are registered when it is made. */
import {
  architectureNamed,
  architectureNames,
  architectureSlots,
  initialiserSlot,
  optimizerProblem,
  optimizerSlot,
  trainingSlots,
  type Field,
  type ParameterSpec,
  type SpaceRecipe,
} from '@espalier/pipeline';
import { optimizerTypes } from '@espalier/nn';
import { z } from 'zod';
import { parameter, readParameter } from './parameter.ts';
import { explain, isSection, section } from './section.ts';

type Options = Readonly<Record<string, ParameterSpec>>;

/** The schema of a table of parameters. */
function parameters<Name extends string>(slots: Readonly<Record<Name, Field>>): Record<Name, z.ZodType<ParameterSpec>> {
  const entries = Object.entries<Field>(slots).map(([name, slot]) => [name, parameter(slot)]);
  return Object.fromEntries(entries) as Record<Name, z.ZodType<ParameterSpec>>;
}

/** Sections of which some are given, by the names that are known. */
function branches<Branch extends z.ZodType>(
  names: readonly string[],
  branch: (name: string) => Branch,
): z.ZodObject<Record<string, z.ZodOptional<Branch>>, z.core.$strict> {
  return section(Object.fromEntries(names.map((name) => [name, branch(name).optional()])));
}

/** Whether a section tells kinds of architectures apart, and is not of the convolutional one. */
export function namesKinds(value: unknown): boolean {
  return isSection(value) && architectureNames().some((name) => Object.hasOwn(value, name));
}

/** The parts of a convolutional architecture, or those of each kind under its name. */
function architecture(): z.ZodType<SpaceRecipe['architecture']> {
  const convolutional = section(parameters(architectureSlots));
  const kinds = branches(architectureNames(), (name) => section(parameters(architectureNamed(name).options)));
  return z.unknown().transform((value, context) => {
    const result = (namesKinds(value) ? kinds : convolutional).safeParse(value, { error: explain });
    if (result.success) return result.data;
    for (const issue of result.error.issues) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
    return z.NEVER;
  });
}

/** Where a value stands that an option of a search may have. */
function placeIn(written: unknown, index: number): readonly PropertyKey[] {
  if (Array.isArray(written)) return [index];
  if (!isSection(written)) return [];
  return [Object.hasOwn(written, 'int') ? 'int' : 'float', index];
}

/** The values that tell whether an option may be varied so: all that are listed, or both ends. */
function endsOf(spec: ParameterSpec): readonly unknown[] {
  return spec.kind === 'choice' ? spec.values : [spec.low, spec.high];
}

/** The options of an optimizer, each a value, a list or a range of what the optimizer can be made with. */
function optimizerOptions(type: string): z.ZodType<Options> {
  return z.unknown().transform((value, context) => {
    const issue = (message: string, path: readonly PropertyKey[] = []): void => {
      context.issues.push({ code: 'custom', message, path: [...path], input: value });
    };
    if (!isSection(value)) {
      issue('is no section: give its options');
      return z.NEVER;
    }
    const read = Object.entries(value).map(([option, written]) => {
      const slot = optimizerSlot(type, option);
      return [option, readParameter(written, slot, (message, path = []) => issue(message, [option, ...path]))] as const;
    });
    const options = Object.fromEntries(read.flatMap(([option, spec]) => (spec ? [[option, spec] as const] : [])));
    if (context.issues.length > 0) return z.NEVER;
    const ends = Object.entries(options).map(([option, spec]) => [option, endsOf(spec)]);
    const problem = optimizerProblem(type, Object.fromEntries(ends));
    if (problem === undefined) return options;
    const { option, index = 0, message } = problem;
    issue(message, option === undefined ? [] : [option, ...placeIn(value[option], index)]);
    return z.NEVER;
  });
}

/** The schema of a space of candidates. */
export function spaceSchema(): z.ZodType<SpaceRecipe> {
  const optimizer = branches(optimizerTypes, optimizerOptions).refine(
    (given) => Object.keys(given).length > 0,
    `there is no optimizer: give one of ${optimizerTypes.join(', ')}`,
  );
  return section({
    architecture: architecture(),
    initialiser: parameter(initialiserSlot),
    training: section({ optimizer, ...parameters(trainingSlots) }),
  });
}
