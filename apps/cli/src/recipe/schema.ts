/** The schema of recipes. */
import { importances, numberFormats } from '@espalier/optimize';
import { classWeightsField, mostFolds, recipeStrategies, type ClassWeights, type Recipe } from '@espalier/pipeline';
import { quote } from '@espalier/search';
import { z } from 'zod';
import { section } from './section.ts';
import { spaceSchema } from './space-schema.ts';

const wholeNumber = z.int({
  error: ({ code, input }) => (code === 'invalid_type' ? `is ${quote(input)}: give a whole number` : undefined),
});
const count = wholeNumber.min(1);
const epochs = wholeNumber.min(1).max(10_000);
const learningRate = z.number().gt(0).max(10);

const search = (): z.ZodType<Recipe['search']> =>
  section({
    strategy: z.enum(recipeStrategies),
    trials: count,
    population: count,
    images: count,
    epochs,
    folds: wholeNumber.min(2).max(mostFolds).optional(),
    space: spaceSchema(),
  });

/** Checks and types a recipe. Made anew for each: what it may name can have been registered since the last. */
export const recipeSchema = (): z.ZodType<Recipe> =>
  section({
    name: z.string().regex(/^[\w-]+$/u, 'use letters, digits, - and _ only'),
    seed: wholeNumber.min(0),
    device: z.enum(['auto', 'cpu', 'webgpu', 'reference']),
    output: z.string().min(1, 'is empty: give a folder'),
    data: section({
      source: z.string().min(1, "is empty: give 'mnist' or a folder"),
      // What they may be says the source.
      options: z.record(z.string(), z.unknown()).optional(),
      validation: count,
      classWeights: z
        .unknown()
        .refine((weights) => weights === 'none' || classWeightsField.accepts(weights), {
          error: ({ input }) => `is ${quote(input)}: give 'none', ${classWeightsField.allowed}`,
        })
        .transform((weights) => weights as ClassWeights | 'none')
        .optional(),
    }),
    search: search(),
    train: section({ epochs }),
    prune: section({
      sparsity: z.number().gt(0).lt(1),
      method: z.enum(importances),
      scope: z.enum(['global', 'local']),
      epochs,
      lr: learningRate,
      baseline: z.boolean(),
    }),
    quantize: section({ weights: z.enum(numberFormats), granularity: z.enum(['channel', 'tensor']) }),
    distill: section({
      size: z.number().gt(0).lt(1),
      epochs,
      temperature: z.number().gt(0).max(100),
      alpha: z.number().min(0).max(1),
      lr: learningRate,
    }),
  });
