/** A draft that guesses tokens ahead for a model, found by what tokens cost. */
import {
  draftPairs,
  openLanguage,
  planDraft,
  searchDraft,
  type CalibrationIds,
  type DraftSearch,
  type PlannedDraft,
  type TriedDraft,
} from '@espalier/language';
import type { Json } from '@espalier/nn';
import type { Device } from '@espalier/tensor';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { formatBytes } from '../terminal/format.ts';
import type { ModelAt } from './compression.ts';
import { saidByUser } from './said-by-user.ts';

/** How the model is kept that a draft guesses for. */
export const draftWeights = ['stored', 'f32'] as const;

/** Options of `compress` that say what a search of a draft finds. */
const foundAnyway = ['goal', 'method', 'type', 'types', 'tensors', 'dropLayers', 'dropHeads'] as const;
/** What is asked for. */
export interface DraftAsked {
  readonly at: ModelAt;
  readonly to: 'gguf' | 'safetensors';
  readonly ids: CalibrationIds | undefined;
  readonly device: Device;
  readonly seed: number;
  readonly weights: (typeof draftWeights)[number];
  readonly options: Partial<Record<(typeof foundAnyway)[number], unknown>>;
}

/** A draft, as it is to be written. */
export interface FoundDraft extends PlannedDraft {
  readonly search: DraftSearch;
  /** What the file says of its use. */
  readonly metadata: { readonly [key: string]: Json };
}

/** Sequences of which a draft sees the beginnings, and tokens of those. */
const [mostTexts, promptTokens] = [8, 48] as const;

/** Milliseconds of the processor. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Searches a draft.
 * @throws {UsageError} for what does not go with one.
 */
export async function foundDraft(
  session: Session,
  { at, to, ids, device, seed, weights, options }: DraftAsked,
): Promise<FoundDraft> {
  const other = foundAnyway.find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw new UsageError(`--${other}: a draft is found by what it saves: leave it, or --draft, out`);
  if (to !== 'gguf') throw new UsageError('--draft: it is a GGUF file: name an output that ends in .gguf');
  if (!ids || ids.length < 2)
    throw new UsageError('--draft: give a --text with two sequences at least: to try drafts on, and to judge by');
  const prompts = ids.slice(0, mostTexts).map((sequence) => sequence.slice(0, promptTokens));
  const half = Math.ceil(prompts.length / 2);
  const { decoder } = await saidByUser(() => openLanguage(at.from, { device, weights }));
  const search = await saidByUser(() =>
    searchDraft(at.model, decoder, {
      ids: prompts.slice(0, half),
      judge: prompts.slice(half),
      now: processorMs,
      device,
      seed,
      signal: session.interrupt,
      onTried: (tried, done, of) => session.log(`${done} of ${of}: ${describeDraft(tried)}`),
    }),
  );
  decoder.dispose();
  decoder.model.dispose();
  session.log(`found: ${describeDraft(search.best)}; measured ${search.best.measured.toFixed(2)} x`);
  return { ...planDraft(at.model, search.best), search, metadata: draftPairs(search.best) };
}

function describeDraft({ type, activations, skipped, guesses, bytes, taken, expected }: TriedDraft): string {
  const without = skipped.length === 0 ? '' : `, without the layers ${skipped.join(', ')}`;
  return `${type}, ${activations}${without}, ${formatBytes(bytes)}: ${guesses} guesses, ${(100 * taken).toFixed(0)} % taken, a token ${expected.toFixed(2)} x cheaper`;
}
