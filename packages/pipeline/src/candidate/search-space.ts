/** What a search of candidates varies. */
import { choice, space, type ChoiceParameter, type NumberParameter, type Space } from '@espalier/search';
import { problemOf, refusal, type Checked, type Field, type Fields, type Problem } from '../fields.ts';
import { architectureNamed } from './architecture-type.ts';
import { architectureSlots, initialiserSlot, trainingSlots, type ArchitectureDimension } from './dimensions.ts';
import { optimizerProblem } from './optimizers.ts';

/** A part of a candidate that a search varies, or a value it holds fixed. */
export type ParameterSpec = ChoiceParameter | NumberParameter;

/** Options that a search varies, by the name of what has them. */
export type ParameterBranches = Readonly<Record<string, Readonly<Record<string, ParameterSpec>> | undefined>>;

/** What a search varies; a value that is fixed is a choice of one. */
export interface SpaceRecipe {
  /** The parts of a convolutional architecture; or by the name of its kind, those of each kind. */
  readonly architecture: Readonly<Record<ArchitectureDimension, ParameterSpec>> | ParameterBranches;
  readonly initialiser: ParameterSpec;
  readonly training: {
    /** By optimizer, its parameters. */
    readonly optimizer: ParameterBranches;
    readonly schedule: ParameterSpec;
    readonly batch: ParameterSpec;
  };
}

const isSpec = (value: unknown): value is ParameterSpec => typeof Object(value).kind === 'string';

/** Whether the kinds of architectures are told apart by name. */
function isByKind(architecture: SpaceRecipe['architecture']): architecture is ParameterBranches {
  return !Object.values(architecture).some(isSpec);
}

function branchesOf(branches: ParameterBranches): ReturnType<typeof choice> {
  const given = Object.entries(branches).flatMap(([name, options]) => (options ? [[name, options] as const] : []));
  return choice(Object.fromEntries(given));
}

/** The search space of candidates; its configs are what `candidateOf` reads. */
export function searchSpace({ architecture, initialiser, training }: SpaceRecipe): Space {
  const { optimizer, schedule, batch } = training;
  return space({
    architecture: isByKind(architecture) ? branchesOf(architecture) : architecture,
    initialiser,
    training: { optimizer: branchesOf(optimizer), schedule, batch },
  });
}

/** The values that tell whether a part may be varied so: all that are listed, or both ends, each with its place. */
function endsOf(spec: ParameterSpec): readonly (readonly [unknown, readonly string[]])[] {
  if (spec.kind === 'choice') return spec.values.map((value, index) => [value, ['values', String(index)]]);
  return [
    [spec.low, ['low']],
    [spec.high, ['high']],
  ];
}

/** A part that is varied within what a slot allows. */
const varied = (slot: Field): Checked => ({
  problemIn: (value, path) => {
    if (!isSpec(value)) return { path, message: refusal({ allowed: 'a choice or a range', accepts: isSpec }, value) };
    const wrong = endsOf(value).find(([end]) => !slot.accepts(end));
    return wrong && { path: [...path, ...wrong[1]], message: refusal(slot, wrong[0]) };
  },
});

const variedAll = (slots: Readonly<Record<string, Field>>): Fields =>
  Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, varied(slot)]));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const architecture: Checked = {
  problemIn: (value, path) => {
    if (!isObject(value) || !isByKind(value as SpaceRecipe['architecture']))
      return problemOf(value, variedAll(architectureSlots), path);
    for (const [name, options] of Object.entries(value)) {
      let slots: Readonly<Record<string, Field>>;
      try {
        slots = architectureNamed(name).options;
      } catch (error) {
        return { path, message: (error as Error).message, unknown: name };
      }
      const problem = problemOf(options, variedAll(slots), [...path, name]);
      if (problem) return problem;
    }
    return undefined;
  },
};

const optimizer: Checked = {
  problemIn: (value, path) => {
    if (!isObject(value)) return { path, message: 'is no section: give optimizers by name, each with its options' };
    for (const [type, options] of Object.entries(value)) {
      const place = [...path, type];
      if (!isObject(options)) return { path: place, message: 'is no section: give its options' };
      const odd = Object.entries(options).find(([, spec]) => !isSpec(spec));
      if (odd) return { path: [...place, odd[0]], message: 'is neither a choice nor a range' };
      const ends = Object.entries(options).map(([option, spec]) => [option, endsOf(spec as ParameterSpec)] as const);
      const problem = optimizerProblem(
        type,
        Object.fromEntries(ends.map(([option, each]) => [option, each.map(([end]) => end)])),
      );
      if (!problem) continue;
      const { option, index, message } = problem;
      const at = ends.find(([name]) => name === option)?.[1][index ?? 0]?.[1] ?? [];
      return { path: [...place, ...(option === undefined ? [] : [option, ...at])], message };
    }
    return undefined;
  },
};

const spaceFields: Fields = {
  architecture,
  initialiser: varied(initialiserSlot),
  training: {
    optimizer,
    ...variedAll(trainingSlots),
  },
};

/** What keeps a value from being a space of candidates, if anything does. */
export function spaceProblem(value: unknown, path: readonly string[]): Problem | undefined {
  const problem = problemOf(value, spaceFields, path);
  if (problem) return problem;
  try {
    searchSpace(value as SpaceRecipe);
    return undefined;
  } catch (error) {
    return { path, message: (error as Error).message };
  }
}
