/** `espalier embed`: the vectors of texts. */
import { TextEmbedder } from '@espalier/language';
import type { Command } from 'commander';
import { withComputeOptions, withExamples, type ComputeOptions } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { checkText, embedAll, linesIn, linesOf, openTextModels } from '../language/evaluate.ts';
import { allOf } from '../language/input.ts';
import { languageModelArgument, weightsOption } from '../language/options.ts';

interface EmbedCommandOptions extends ComputeOptions {
  readonly text?: string;
  readonly weights?: 'stored' | 'f32';
}

/** Adds `espalier embed`. */
export function addEmbedCommand(program: Command, environment: Environment): void {
  const command = program
    .command('embed')
    .description('give the vector of each line of a text, as a line of JSON')
    .argument('<model>', languageModelArgument)
    .option('--text <file>', 'a text in UTF-8, whose lines are embedded; blank ones are not (default: stdin)')
    .addOption(weightsOption());
  withExamples(withComputeOptions(command), [
    ['espalier embed all-MiniLM-L6-v2 --text sentences.txt > vectors.jsonl', 'a vector a line'],
    ["echo 'A sentence.' | espalier embed all-MiniLM-L6-v2 --json", 'with the texts and how they were pooled'],
  ]).action(async (name: string, options: EmbedCommandOptions) => {
    const session = openSession(environment, options);
    const { text, weights = 'stored' } = options;
    if (text !== undefined) checkText(text);
    const texts = text === undefined ? linesOf(await allOf(session.stdin)) : await linesIn(text);
    if (texts.length === 0)
      throw new UsageError('--text: there is no text, nor is one on stdin: give a file with a text a line');
    const [model] = await openTextModels(session, [name], [{ weights }], options);
    if (!(model instanceof TextEmbedder))
      throw new UsageError(`${name}: it tells tokens, and has no vector for a text: give a model that embeds texts`);
    const { values, width, tokens, cut } = await embedAll(session, model, texts);
    const vectors = texts.map((_, at) => Array.from(values.subarray(at * width, (at + 1) * width)));
    const { pooling } = model;
    session.result({ model: name, width, pooling, tokens, cut, texts, vectors }, () =>
      vectors.map((vector) => JSON.stringify(vector)).join('\n'),
    );
  });
}
