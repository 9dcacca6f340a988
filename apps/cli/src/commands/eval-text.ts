/** `espalier eval --text`: the perplexity of language models on a text. */
import { openSync, closeSync, writeSync } from 'node:fs';
import { TextEmbedder, type Perplexity, type ScoredText, type ScoredToken } from '@espalier/language';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { checkText, openTextModels, perplexityOf, type TextModel, type TextOptions } from '../language/evaluate.ts';
import { computedWith } from '../language/options.ts';
import { checkOutputFile, writeOutputFile, type FileRequest } from '../output/output-file.ts';
import { formatCount } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';

/** What was measured of a model. */
export interface MeasuredText extends Perplexity {
  readonly model: string;
}

/** How a text was scored, in a sentence. */
export function describeScored({ protocol, chunk, chunks, tokens, context }: ScoredText): string {
  return `by ${protocol}: ${formatCount(tokens)} tokens of ${formatCount(chunks)} windows of ${formatCount(chunk)}, each scored after ${context.least} to ${formatCount(context.most)} others`;
}

/** Lines that are written together, in characters. */
const together = 2 ** 16;

/** Writes how likely each token is, a JSON object a line, while `measure` tells it. */
async function writeTokens<Result>(
  request: FileRequest,
  model: TextModel | undefined,
  measure: (onToken: (token: ScoredToken) => void) => Promise<Result>,
): Promise<Result> {
  const made: Result[] = [];
  await writeOutputFile(request, async (temporary) => {
    const file = openSync(temporary, 'w');
    let lines = '';
    try {
      const found = await measure(({ window, position, id, loss }) => {
        const token = model instanceof TextEmbedder ? '' : model?.tokenizer.decode([id], { specials: true });
        lines += `${JSON.stringify({ window, position, id, token, p: Math.exp(-loss), loss })}\n`;
        if (lines.length < together) return;
        writeSync(file, lines);
        lines = '';
      });
      writeSync(file, lines);
      made.push(found);
    } finally {
      closeSync(file);
    }
  });
  return made[0] as Result;
}

/**
 * Measures models one after another, so that one is in memory at a time.
 * @throws {UsageError} for a file of tokens that may not be written, or is to be of several models.
 */
export async function evaluateOnText(
  session: Session,
  names: readonly string[],
  options: TextOptions & { readonly text: string; readonly tokens?: string; readonly overwrite?: boolean },
): Promise<void> {
  const { text, weights = 'stored', activations, tokens, overwrite = false } = options;
  const computed = computedWith(weights, activations);
  checkText(text);
  if (tokens !== undefined) {
    if (names.length > 1) throw new UsageError('--tokens: it is a file of one model: name one');
    await checkOutputFile({ path: tokens, overwrite, sources: [text] });
  }
  const found: MeasuredText[] = [];
  for (const name of names) {
    const [model] = await openTextModels(session, [name], [computed], options);
    if (!model) continue;
    const measure = (onToken?: (token: ScoredToken) => void): Promise<Perplexity> =>
      perplexityOf(session, name, model, text, options, onToken);
    found.push({
      model: name,
      ...(await (tokens === undefined ? measure() : writeTokens({ path: tokens, overwrite }, model, measure))),
    });
  }
  const [first] = found;
  session.result(found.length === 1 ? { text, ...first } : { text, models: found }, () => {
    const right = { align: 'right' } as const;
    const columns = [
      { heading: 'model' },
      { heading: 'perplexity', ...right },
      { heading: '95 % of texts', ...right },
      { heading: '-ln p', ...right },
    ];
    const rows = found.map(({ model, perplexity, perplexityError, perplexityInterval, loss, lossError }) => [
      model,
      `${perplexity.toFixed(4)} ± ${perplexityError.toFixed(3)}`,
      perplexityInterval ? `${perplexityInterval.low.toFixed(2)} to ${perplexityInterval.high.toFixed(2)}` : '-',
      `${loss.toFixed(5)} ± ${lossError.toFixed(5)}`,
    ]);
    const scored = first ? describeScored(first) : '';
    return `${renderTable(columns, rows, session.stdout)}\n\n${scored}; ± is one standard error of tokens, the interval is by windows`;
  });
}
