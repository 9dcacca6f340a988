/** What of a pass a search may turn. */
import type { Json, Module } from '@espalier/nn';
import type { Dimension, Pass } from './pass.ts';
import { passesOf, type Step } from './run.ts';

/** One thing of a recipe that a search may turn. */
export interface RecipeDimension {
  /** Which step, pass and option: `0.prune.sparsity`, `0.1.prune.sparsity` for the second pass of a step. */
  readonly name: string;
  readonly dimension: Dimension;
}

/** What of a recipe a search may turn, and the recipe at any of it. */
export interface RecipeSpace {
  readonly dimensions: readonly RecipeDimension[];
  readonly at: (values: Readonly<Record<string, Json>>) => Step[];
}

/** The options of a pass that can be turned: its space, or its knob as one. */
export async function dimensionsOf(
  pass: Pass,
  model: Module,
  later: readonly Pass[],
): Promise<Readonly<Record<string, Dimension>>> {
  if (pass.space) return pass.space.dimensions(model, later);
  if (pass.knob) return { [pass.knob.name]: { kind: 'number', ...(await pass.knob.range(model, later)) } };
  return {};
}

/** A pass at some values of its space. */
function turned(pass: Pass, values: Readonly<Record<string, Json>>): Pass {
  if (Object.keys(values).length === 0) return pass;
  if (pass.space) return pass.space.at(values);
  const value = pass.knob && values[pass.knob.name];
  return pass.knob && typeof value === 'number' ? pass.knob.at(value) : pass;
}

/** All that can be turned in a recipe. */
export async function spaceOf(model: Module, steps: readonly Step[]): Promise<RecipeSpace> {
  const passes = steps.flatMap((step, index) =>
    passesOf(step).map((pass, place, { length }) => ({
      pass,
      prefix: `${index}${length > 1 ? `.${place}` : ''}.${pass.config.type}.`,
    })),
  );
  const dimensions: RecipeDimension[] = [];
  for (const [index, { pass, prefix }] of passes.entries()) {
    const later = passes.slice(index + 1).map((each) => each.pass);
    const own = await dimensionsOf(pass, model, later);
    for (const [name, dimension] of Object.entries(own)) dimensions.push({ name: `${prefix}${name}`, dimension });
  }
  return {
    dimensions,
    at: (values) => {
      let next = 0;
      const at = (pass: Pass): Pass => {
        const { prefix } = passes[next++] as (typeof passes)[number];
        const own = Object.entries(values).filter(([name]) => name.startsWith(prefix));
        return turned(pass, Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value])));
      };
      return steps.map((step) => ('together' in step ? { together: step.together.map(at) } : at(step)));
    },
  };
}
