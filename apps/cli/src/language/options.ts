/** What commands take that have a language model go on with a text. */
import type { GenerateOptions } from '@espalier/language';
import type { OpenModelOptions } from '@espalier/models';
import { cacheNumbers, type CacheNumbers } from '@espalier/nn';
import { Option, type Command } from 'commander';
import { UsageError } from '../errors.ts';
import { defaultSeed, numberBetween, wholeNumberFrom, type ComputeOptions } from '../cli/options.ts';

/** Options of these commands. */
export interface LanguageOptions extends ComputeOptions {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly stop?: readonly string[];
  readonly weights?: 'stored' | 'f32';
  readonly cache?: CacheNumbers;
  readonly activations?: ActivationNumbers;
  readonly draft?: string;
  readonly guesses?: number;
}

/** What weights in blocks meet: activations as they are, or rounded. */
export type ActivationNumbers = NonNullable<OpenModelOptions['activations']>;

/** An option that says what weights are kept in. */
export function weightsOption(
  flags = '--weights <how>',
  description = 'as they are stored, or as f32 (default: stored)',
): Option {
  return new Option(flags, description).choices(['stored', 'f32']);
}

/** An option that says so. */
export function activationsOption(): Option {
  return new Option(
    '--activations <numbers>',
    'what weights that are stored in blocks meet; codes of groups of 32 are faster (default: f32)',
  ).choices(['f32', 'int16-groups', 'int8-groups']);
}

/**
 * How a model is to be computed with, as it is opened.
 * @throws {UsageError} for rounded activations of weights that are no blocks.
 */
export function computedWith(
  weights: 'stored' | 'f32',
  activations: ActivationNumbers = 'f32',
): Pick<OpenModelOptions, 'weights' | 'activations'> {
  if (weights === 'f32' && activations !== 'f32')
    throw new UsageError(
      `--activations: ${activations} are what weights in blocks meet, and --weights f32 has none; leave one of them out`,
    );
  return { weights, activations };
}

/** What a model is here. */
export const languageModelArgument =
  'a GGUF file, a folder of Hugging Face, or a package that is installed with one in it';

const another = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds them. */
export function withLanguageOptions(command: Command): Command {
  return command
    .option('--max-tokens <n>', 'how many tokens to add at most', wholeNumberFrom(1), 256)
    .option(
      '--temperature <t>',
      '0 takes the likeliest token each time, 1 draws as the model says',
      numberBetween(0, 10, true),
      0.7,
    )
    .option('--top-k <n>', 'draw of so many of the likeliest; 0 is all', wholeNumberFrom(0), 0)
    .option('--top-p <part>', 'draw of the likeliest that have this share together', numberBetween(0, 1, true), 0.95)
    .option(
      '--min-p <part>',
      'draw of those that are this part of the likeliest at least',
      numberBetween(0, 1, true),
      0,
    )
    .option(
      '--repetition-penalty <n>',
      'what makes tokens that were there less likely, above 1',
      numberBetween(0, 10),
      1,
    )
    .option('--stop <text>', 'a text that ends it, and is not printed; may be repeated', another)
    .addOption(weightsOption())
    .addOption(activationsOption())
    .addOption(
      new Option('--cache <numbers>', 'how keys and values of positions are kept (default: f32)').choices([
        ...cacheNumbers,
      ]),
    )
    .option(
      '--draft <model>',
      'a smaller model with the same vocabulary that guesses tokens ahead; the text stays what it is',
    )
    .option(
      '--guesses <n>',
      'how many tokens a draft guesses at once (default: as it says, else 4)',
      wholeNumberFrom(1, 15),
    );
}

/** The same, as generation takes it. */
export function generateOptionsOf(options: LanguageOptions): GenerateOptions {
  const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, stop, guesses, seed = defaultSeed } = options;
  const sampling = { temperature, topK, topP, minP, repetitionPenalty, seed };
  return { maxTokens, ...sampling, ...(guesses !== undefined && { guesses }), ...(stop && { stop }) };
}
