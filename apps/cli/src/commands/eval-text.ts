/** `espalier eval --text`: the perplexity of language models on a text. */
import type { Perplexity, ScoredText } from '@espalier/language';
import type { Session } from '../cli/session.ts';
import { checkText, openTextModels, perplexityOf, type TextOptions } from '../language/evaluate.ts';
import { computedWith } from '../language/options.ts';
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

/** Measures models one after another, so that one is in memory at a time. */
export async function evaluateOnText(
  session: Session,
  names: readonly string[],
  options: TextOptions & { readonly text: string },
): Promise<void> {
  const { text, weights = 'stored', activations } = options;
  const computed = computedWith(weights, activations);
  checkText(text);
  const found: MeasuredText[] = [];
  for (const name of names) {
    const [model] = await openTextModels(session, [name], [computed], options);
    if (model) found.push({ model: name, ...(await perplexityOf(session, name, model, text, options)) });
  }
  const [first] = found;
  session.result(found.length === 1 ? { text, ...first } : { text, models: found }, () => {
    const right = { align: 'right' } as const;
    const columns = [{ heading: 'model' }, { heading: 'perplexity', ...right }, { heading: '-ln p', ...right }];
    const rows = found.map(({ model, perplexity, perplexityError, loss, lossError }) => [
      model,
      `${perplexity.toFixed(4)} ± ${perplexityError.toFixed(3)}`,
      `${loss.toFixed(5)} ± ${lossError.toFixed(5)}`,
    ]);
    const scored = first ? describeScored(first) : '';
    return `${renderTable(columns, rows, session.stdout)}\n\n${scored}; ± is one standard error`;
  });
}
