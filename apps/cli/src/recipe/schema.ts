import { quote } from '@espalier/search';
import { z } from 'zod';
import { architectureSlots, initialiserSlot, optimizerSlots, trainingSlots } from './dimensions.ts';
import type { ArchitectureDimension } from './dimensions.ts';
import { parameter } from './parameter.ts';
import type { ParameterSpec } from './parameter.ts';
import { section } from './section.ts';
import type { Slot } from './slots.ts';

/** The images to learn from and to be tested on. */
export interface DataRecipe {
  /** `mnist`, or a folder with the four IDX files under MNIST's names. */
  readonly source: string;
  /** Training images held out to judge by; no trial trains on them, and they are never the test set. */
  readonly validation: number;
}

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

/** The strategies that a recipe can name: those that train each candidate once. */
export const recipeStrategies = [
  'random',
  'greedy',
  'genetic',
  'auto',
  'adaptive',
  'aging-evolution',
  'beam',
  'coordinate-descent',
  'sobol',
  'tpe',
] as const;

/** How to search, and over what. */
export interface SearchRecipe {
  readonly strategy: (typeof recipeStrategies)[number];
  readonly trials: number;
  /** How many trials can be parents, for the genetic strategy; how many start a climb, for the greedy one. */
  readonly population: number;
  /** Training images of a trial. */
  readonly images: number;
  readonly epochs: number;
  readonly space: SpaceRecipe;
}

/** How to prune. */
export interface PruneRecipe {
  /** The part of the weights that becomes zero. */
  readonly sparsity: number;
  /** Which weights go first: the smallest, or by LAMP the smallest for their layer. */
  readonly method: 'magnitude' | 'lamp';
  /** Whether weights are ranked across the whole model or layer by layer. */
  readonly scope: 'global' | 'local';
  readonly epochs: number;
  readonly lr: number;
  /** Also prunes at random, trained alike, to show what the method is worth. */
  readonly baseline: boolean;
}

/** How to quantize. */
export interface QuantizeRecipe {
  readonly weights: 'int8';
  /** Whether each output channel has a scale of its own, or each tensor. */
  readonly granularity: 'channel' | 'tensor';
}

/** How to distil. */
export interface DistillRecipe {
  /** The student's parameters, at most, as a part of its teacher's. */
  readonly size: number;
  readonly epochs: number;
  readonly temperature: number;
  /** How much the teacher counts against the labels, from 0 to 1. */
  readonly alpha: number;
  readonly lr: number;
}

/** Everything a recipe says, with every value given. */
export interface Recipe {
  readonly name: string;
  readonly seed: number;
  readonly device: 'auto' | 'cpu' | 'webgpu' | 'reference';
  readonly output: string;
  readonly data: DataRecipe;
  readonly search: SearchRecipe;
  readonly train: { readonly epochs: number };
  readonly prune: PruneRecipe;
  readonly quantize: QuantizeRecipe;
  readonly distill: DistillRecipe;
}

const wholeNumber = z.int({
  error: ({ code, input }) => (code === 'invalid_type' ? `is ${quote(input)}: give a whole number` : undefined),
});
const count = wholeNumber.min(1);
const epochs = wholeNumber.min(1).max(10_000);
const learningRate = z.number().gt(0).max(10);

/** The schema of a table of parameters. */
function parameters<Name extends string>(slots: Readonly<Record<Name, Slot>>): Record<Name, z.ZodType<ParameterSpec>> {
  const entries = Object.entries<Slot>(slots).map(([name, slot]) => [name, parameter(slot)]);
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
