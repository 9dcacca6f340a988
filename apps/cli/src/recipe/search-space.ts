import { choice, space } from '@espalier/search';
import type { Space } from '@espalier/search';
import type { SpaceRecipe } from './schema.ts';

/** The search space that a recipe describes; its configs are what `readCandidate` reads. */
export function searchSpace({ architecture, initialiser, training }: SpaceRecipe): Space {
  const { optimizer, schedule, batch } = training;
  const branches = Object.entries(optimizer).flatMap(([name, options]) => (options ? [[name, options]] : []));
  return space({
    architecture,
    initialiser,
    training: { optimizer: choice(Object.fromEntries(branches)), schedule, batch },
  });
}
