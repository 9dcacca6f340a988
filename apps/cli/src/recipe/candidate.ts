import { quote } from '@espalier/search';
import { z } from 'zod';
import { UsageError } from '../errors.ts';
import { architectureSlots, initialiserSlot, optimizerSlots, trainingSlots } from './dimensions.ts';
import { readYaml } from './located-yaml.ts';
import { refuse } from './refuse.ts';
import { explain, section } from './section.ts';
import type { Slot } from './slots.ts';

/** The shape of a network. */
export interface Architecture {
  /** Convolution, activation, pooling: how many times. */
  readonly blocks: number;
  /** Channels of the first block; each further one has twice as many. */
  readonly channels: number;
  /** Height and width of each convolution. */
  readonly kernel: number;
  /** Width of the layer before the classes; 0 for none. */
  readonly hidden: number;
  readonly activation: string;
  /** Whether each convolution is followed by batch normalization. */
  readonly batchNorm: boolean;
}

/** An optimizer and its options. */
export type OptimizerChoice =
  | { readonly type: 'sgd'; readonly lr: number; readonly momentum: number }
  | { readonly type: 'adam'; readonly lr: number }
  | { readonly type: 'adamw'; readonly lr: number; readonly weightDecay: number };

/** One point of a search space: a network and how to train it. */
export interface Candidate {
  readonly architecture: Architecture;
  readonly initialiser: string;
  readonly training: {
    readonly optimizer: OptimizerChoice;
    readonly schedule: 'constant' | 'cosine' | 'one-cycle';
    readonly batch: number;
  };
}

/** The schema of a value that a slot accepts. */
function value(slot: Slot): z.ZodType {
  return z.unknown().superRefine((given, context) => {
    if (slot.accepts(given)) return;
    context.addIssue({ code: 'custom', message: `is ${quote(given)}: give ${slot.allowed}` });
  });
}

function values(slots: Readonly<Record<string, Slot>>): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, value(slot)]));
}

const optimizer = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('sgd'), ...values(optimizerSlots.sgd) }),
    z.strictObject({ type: z.literal('adam'), ...values(optimizerSlots.adam) }),
    z.strictObject({ type: z.literal('adamw'), ...values(optimizerSlots.adamw) }),
  ],
  { error: 'has no known type: use one of sgd, adam, adamw' },
);

const candidateSchema = section({
  architecture: section(values(architectureSlots)),
  initialiser: value(initialiserSlot),
  training: section({ optimizer, ...values(trainingSlots) }),
}) as z.ZodType as z.ZodType<Candidate>;

/**
 * Reads a candidate from the config of a trial.
 * @throws UsageError when it is not one: the space was made by something else.
 */
export function candidateOf(config: unknown): Candidate {
  const result = candidateSchema.safeParse(config, { error: explain });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UsageError(`candidate: ${issue?.path.join('.')}: ${issue?.message}`);
}

/**
 * Reads a candidate from YAML or JSON text.
 * @throws UsageError with line and column of what is wrong.
 */
export function readCandidate(file: string, text: string): Candidate {
  const yaml = readYaml(file, text);
  const result = candidateSchema.safeParse(yaml.value, { error: explain });
  return result.success ? result.data : refuse(result.error, yaml);
}
