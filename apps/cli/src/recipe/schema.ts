/** The schema of recipes. */
import {
  architectureSlots,
  initialiserSlot,
  optimizerSlots,
  recipeStrategies,
  trainingSlots,
  type Field,
  type ParameterSpec,
  type Recipe,
} from '@espalier/pipeline';
import { quote } from '@espalier/search';
import { z } from 'zod';
import { parameter } from './parameter.ts';
import { section } from './section.ts';

const wholeNumber = z.int({
  error: ({ code, input }) => (code === 'invalid_type' ? `is ${quote(input)}: give a whole number` : undefined),
});
const count = wholeNumber.min(1);
const epochs = wholeNumber.min(1).max(10_000);
const learningRate = z.number().gt(0).max(10);

/** The schema of a table of parameters. */
function parameters<Name extends string>(slots: Readonly<Record<Name, Field>>): Record<Name, z.ZodType<ParameterSpec>> {
  const entries = Object.entries<Field>(slots).map(([name, slot]) => [name, parameter(slot)]);
  return Object.fromEntries(entries) as Record<Name, z.ZodType<ParameterSpec>>;
}

const optimizer = section({
  sgd: section(parameters(optimizerSlots.sgd)).optional(),
  adam: section(parameters(optimizerSlots.adam)).optional(),
  adamw: section(parameters(optimizerSlots.adamw)).optional(),
}).refine((branches) => Object.keys(branches).length > 0, 'there is no optimizer: give sgd, adam or adamw');

const search = section({
  strategy: z.enum(recipeStrategies),
  trials: count,
  population: count,
  images: count,
  epochs,
  space: section({
    architecture: section(parameters(architectureSlots)),
    initialiser: parameter(initialiserSlot),
    training: section({ optimizer, ...parameters(trainingSlots) }),
  }),
});

/** Checks and types a recipe. */
export const recipeSchema: z.ZodType<Recipe> = section({
  name: z.string().regex(/^[\w-]+$/u, 'use letters, digits, - and _ only'),
  seed: wholeNumber.min(0),
  device: z.enum(['auto', 'cpu', 'webgpu', 'reference']),
  output: z.string().min(1, 'is empty: give a folder'),
  data: section({ source: z.string().min(1, "is empty: give 'mnist' or a folder"), validation: count }),
  search,
  train: section({ epochs }),
  prune: section({
    sparsity: z.number().gt(0).lt(1),
    method: z.enum(['magnitude', 'lamp']),
    scope: z.enum(['global', 'local']),
    epochs,
    lr: learningRate,
    baseline: z.boolean(),
  }),
  quantize: section({ weights: z.enum(['int8']), granularity: z.enum(['channel', 'tensor']) }),
  distill: section({
    size: z.number().gt(0).lt(1),
    epochs,
    temperature: z.number().gt(0).max(100),
    alpha: z.number().min(0).max(1),
    lr: learningRate,
  }),
});
