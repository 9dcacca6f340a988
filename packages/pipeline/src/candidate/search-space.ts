/** What a search of candidates varies. */
import { choice, space, type ChoiceParameter, type NumberParameter, type Space } from '@espalier/search';
import type { ArchitectureDimension } from './dimensions.ts';

/** A part of a candidate that a search varies, or a value it holds fixed. */
export type ParameterSpec = ChoiceParameter | NumberParameter;

/** What a search varies; a value that is fixed is a choice of one. */
export interface SpaceRecipe {
  readonly architecture: Readonly<Record<ArchitectureDimension, ParameterSpec>>;
  readonly initialiser: ParameterSpec;
  readonly training: {
    /** By optimizer, its parameters. */
    readonly optimizer: Readonly<Record<string, Readonly<Record<string, ParameterSpec>> | undefined>>;
    readonly schedule: ParameterSpec;
    readonly batch: ParameterSpec;
  };
}

/** The search space of candidates; its configs are what `candidateOf` reads. */
export function searchSpace({ architecture, initialiser, training }: SpaceRecipe): Space {
  const { optimizer, schedule, batch } = training;
  const branches = Object.entries(optimizer).flatMap(([name, options]) => (options ? [[name, options]] : []));
  return space({
    architecture,
    initialiser,
    training: { optimizer: choice(Object.fromEntries(branches)), schedule, batch },
  });
}
