/** `espalier diff`: what a model of texts does otherwise than another one, on the same tokens. */
import type { EstimatedByWindow } from '@espalier/language';
import type { Command } from 'commander';
import { withComputeOptions, withExamples } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import {
  checkText,
  compareOn,
  openTextModels,
  withTextOptions,
  type TextComparison,
  type TextModel,
  type TextOptions,
} from '../language/evaluate.ts';
import { computedWith, languageModelArgument, weightsOption } from '../language/options.ts';
import { formatCount, formatPercent } from '../terminal/format.ts';
import { describeScored } from './eval-text.ts';

interface DiffOptions extends TextOptions {
  readonly text: string;
  readonly baseWeights?: 'stored' | 'f32';
}

type Facts = readonly (readonly [string, string])[];
const pm = (mean: number, error: number, digits: number): string =>
  `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`;

/** Where a mean lies by its windows, where there are several. */
const within = ({ interval }: EstimatedByWindow): string =>
  interval ? ` (${interval.low.toFixed(6)} to ${interval.high.toFixed(6)})` : '';

/** What was found, a line for each fact. */
function describe(found: TextComparison): string {
  const share = ({
    value,
    low,
    high,
  }: {
    readonly value: number;
    readonly low: number;
    readonly high: number;
  }): string => `${formatPercent(value)} (${formatPercent(low)} to ${formatPercent(high)})`;
  const facts: Facts =
    found.kind === 'vectors'
      ? [
          ['cosine', `mean ${found.cosine.mean.toFixed(7)}, worst ${found.cosine.worst.toFixed(7)}`],
          ['same nearest', share(found.sameNearest)],
        ]
      : [
          ['perplexity', `${pm(found.base.perplexity, found.base.perplexityError, 4)} and ${pm(found.model.perplexity, found.model.perplexityError, 4)}`], // prettier-ignore
          [
            'change of -ln p',
            `${pm(found.lossDifference.mean, found.lossDifference.standardError, 6)}${within(found.lossDifference)}`,
          ],
          ['KL', `mean ${found.divergence.mean.toExponential(2)}, 99.9 % ${found.divergence.worstOf1000.toExponential(2)}, worst ${found.divergence.worst.toExponential(2)}`], // prettier-ignore
          ['same top token', share(found.sameTop)],
        ];
  const scored =
    found.kind === 'vectors'
      ? `by ${formatCount(found.texts)} lines, ${formatCount(found.tokens)} tokens`
      : `${describeScored(found)}; ± is one standard error, in pairs; in brackets 95 %, by windows`;
  return `${facts.map(([name, fact]) => `${name.padEnd(16)} ${fact}`).join('\n')}\n\n${scored}`;
}

/** Adds `espalier diff`. */
export function addDiffCommand(program: Command, environment: Environment): void {
  const command = program
    .command('diff')
    .description('say how far a language model, or one that embeds texts, is from another one, on the same text')
    .argument('<base>', languageModelArgument)
    .argument('<model>', 'one with the same vocabulary')
    .requiredOption('--text <file>', 'a text in UTF-8; each line is one text to embed')
    .addOption(weightsOption('--base-weights <how>', 'of the base: as they are stored, or as f32 (default: stored)'));
  withExamples(withComputeOptions(withTextOptions(command)), [
    ['espalier diff model.f16.gguf model.q4.gguf --text book.txt', 'perplexities, KL, the same top token'],
    ['espalier diff model.gguf model.gguf --base-weights f32 --text book.txt', 'what its weights as stored cost'],
    ['espalier diff model.gguf model.gguf --activations int8-groups --text book.txt', 'what rounded activations cost'],
    ['espalier diff all-MiniLM-L6-v2 small --text sentences.txt --json', 'of vectors: cosines, nearest neighbours'],
  ]).action(async (base: string, model: string, options: DiffOptions) => {
    const session = openSession(environment, options);
    const { text, weights = 'stored', activations, baseWeights = 'stored' } = options;
    checkText(text);
    const models = await openTextModels(
      session,
      [base, model],
      [{ weights: baseWeights }, computedWith(weights, activations)],
      options,
    );
    const found = await compareOn(session, models as readonly [TextModel, TextModel], text, options);
    session.result({ models: [base, model], text, ...found }, () => describe(found));
  });
}
