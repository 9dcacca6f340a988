/** What became of a language model that was compressed: judged beside what it was, on sequences that it was not measured on. */
import {
  compareLanguageModels,
  complete,
  idsBefore,
  type CalibrationIds,
  type LanguageComparison,
  type OpenedLanguage,
} from '@espalier/language';
import { openLanguageAt } from '@espalier/language/node';
import type { Device } from '@espalier/tensor';
import type { Session } from '../cli/session.ts';
import { formatPercent } from '../terminal/format.ts';

/** A number of a model, before and after. */
interface BeforeAndAfter {
  readonly before: number;
  readonly after: number;
}

/** The verdict. */
export interface JudgedModel {
  /** Tokens that were told, in windows of so many. */
  readonly tokens: number;
  readonly window: number;
  readonly perplexity: BeforeAndAfter;
  /** Of the new one from the old one, in nats a token. */
  readonly kl: { readonly mean: number; readonly worst: number };
  /** The share of tokens where both take the same for the likeliest. */
  readonly sameTop: LanguageComparison['sameTop'];
  /** Of going on with a text, one after the other. */
  readonly tokensPerSecond: BeforeAndAfter;
}

/** Tokens of the prompt, and those that are timed behind it. */
const timed = { prompt: 16, tokens: 32 };

/** Compares two models by their places. */
export async function judgeModels(
  session: Session,
  names: { readonly before: string; readonly after: string },
  { ids, device }: { readonly ids: CalibrationIds; readonly device: Device },
): Promise<JudgedModel> {
  const before = await openLanguageAt(names.before, { device });
  const after = await openLanguageAt(names.after, { device });
  const window = ids[0]?.length ?? 0;
  const [begin] = idsBefore(before.tokenizer);
  async function* tokens(): AsyncGenerator<Int32Array, void> {
    for (const each of ids) yield Int32Array.from(each);
  }
  const told = await compareLanguageModels(before.decoder.model, after.decoder.model, tokens(), {
    chunk: window,
    ...(begin !== undefined && { begin }),
    signal: session.interrupt,
  });
  const prompt = (ids[0] ?? []).slice(0, timed.prompt);
  return {
    tokens: told.tokens,
    window,
    perplexity: { before: told.base.perplexity, after: told.model.perplexity },
    kl: { mean: told.divergence.mean, worst: told.divergence.worst },
    sameTop: told.sameTop,
    tokensPerSecond: { before: await speedOf(before, prompt), after: await speedOf(after, prompt) },
  };
}

/** Tokens a second, of a model that has spoken before. */
async function speedOf({ decoder }: OpenedLanguage, prompt: readonly number[]): Promise<number> {
  const room = decoder.context - prompt.length;
  const maxTokens = Math.max(1, Math.min(timed.tokens, room));
  await complete(decoder, prompt, { maxTokens: 2, temperature: 0 });
  const started = performance.now();
  const { ids } = await complete(decoder, prompt, { maxTokens, temperature: 0 });
  return (1000 * ids.length) / (performance.now() - started);
}

/** The verdict in a few lines. */
export function describeJudged({ tokens, window, perplexity, kl, sameTop, tokensPerSecond }: JudgedModel): string {
  return [
    `perplexity ${perplexity.before.toFixed(3)}, then ${perplexity.after.toFixed(3)}, of ${tokens} tokens in windows of ${window}`,
    `KL ${kl.mean.toPrecision(3)}, worst ${kl.worst.toPrecision(3)}; the same top token at ${formatPercent(sameTop.value)}`,
    `${tokensPerSecond.before.toFixed(1)} tokens a second, then ${tokensPerSecond.after.toFixed(1)}`,
  ].join('\n');
}
