/** Finds a draft: which smaller copy of a model guesses tokens ahead for it so that a token costs the least. */
import type { ModelInParts } from '@espalier/models';
import { monotonicNow, throwIfAborted, type AbortSignalLike } from '@espalier/nn';
import { choice, createStudy, int, maxTrials, space, tpe } from '@espalier/search';
import { ArgumentError, defaultDevice, type Device } from '@espalier/tensor';
import type { Decoder } from '../../generate/decoder.ts';
import { complete, type GenerateOptions } from '../../generate/generate.ts';
import { layerInfluence, leastLayers } from '../drop/layer-influence.ts';
import type { CalibrationIds } from '../pieces.ts';
import {
  expectedOf,
  greedyTexts,
  rightGuesses,
  stepCosts,
  type Clock,
  type Expected,
  type GreedyText,
} from './costs.ts';
import { openDraft, planDraft, type Draft, type DraftActivations, type PlannedDraft } from './draft.ts';

/** What a search of drafts needs to know. */
export interface DraftSearchOptions {
  /** Beginnings of texts that drafts are tried on. */
  readonly ids: CalibrationIds;
  /** Others, which the best are measured on. */
  readonly judge: CalibrationIds;
  /** Tokens that each text is gone on with. Default: 48. */
  readonly tokens?: number;
  /** Types of matrices that are tried. Default: kept, Q8_0, Q4_1, Q4_0. */
  readonly types?: readonly string[];
  /** What is tried that weights in blocks meet. Default: all of them. */
  readonly activations?: readonly DraftActivations[];
  /** Layers that a draft is without, at most. Default: a sixth of them. */
  readonly mostSkipped?: number;
  /** Tokens that are guessed at once, at most: 1 to 15. Default: 8. */
  readonly mostGuesses?: number;
  /** How many drafts are tried. Default: 10. */
  readonly trials?: number;
  /** What is to be saved, in milliseconds since any moment: of the processor, where that can be told. Default: those that go by. */
  readonly now?: Clock;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** Default: 0. */
  readonly seed?: number;
  readonly signal?: AbortSignalLike | undefined;
  readonly onTried?: ((tried: TriedDraft, done: number, of: number) => void) | undefined;
}

/** A draft that was tried. */
export interface TriedDraft extends Draft {
  /** Of its tensors in a file. */
  readonly bytes: number;
  /** The share of its guesses that the model takes. */
  readonly taken: number;
  /** How many times cheaper a token is, by what steps of both models cost. */
  readonly expected: number;
  /** How many times cheaper tokens were when texts were made with it: of the best alone. */
  readonly measured?: number;
}

/** What a search found. It is plain JSON. */
export interface DraftSearch {
  /** Where `measured` is not above 1, the model is better alone. */
  readonly best: TriedDraft & { readonly measured: number };
  readonly tried: readonly TriedDraft[];
}

/** How many drafts are measured of those that were tried. */
const mostMeasured = 3;
/** How often each of them is, in turn with the model alone. */
const mostRounds = 3;

/**
 * Searches a draft among copies of a model in smaller types, without some layers, and with rounded activations. A draft is tried by what
 * its steps and those of the model cost, and by where it guesses right in texts of the model: so all numbers of guesses are judged at once.
 * The best are used, on other texts, and the one that saves the most is found.
 * @param decoder the model as it is going to be used
 * @throws {ArgumentError} without texts.
 */
export async function searchDraft(
  model: ModelInParts,
  decoder: Decoder,
  options: DraftSearchOptions,
): Promise<DraftSearch> {
  const { ids, judge, tokens = 48, mostGuesses = 8, trials = 10, seed = 0, signal, onTried } = options;
  const { now = monotonicNow, device = defaultDevice() } = options;
  if (ids.length === 0 || judge.length === 0)
    throw new ArgumentError('searchDraft', 'needs beginnings of texts to try on, and others to judge by');
  const texts = await greedyTexts(decoder, ids, tokens);
  const own = await stepCosts(decoder, texts[0] as GreedyText, { most: mostGuesses + 1, all: true, now });
  const layers = model.places.filter((place) => place.startsWith('layers.')).length;
  const mostSkipped = Math.min(options.mostSkipped ?? Math.floor(layers / 6), layers - 1);
  const influence = mostSkipped === 0 ? [] : await layerInfluence(model, ids, { device, ...(signal && { signal }) });
  const types = differing(model, options.types ?? ['kept', 'Q8_0', 'Q4_1', 'Q4_0']);
  const activations = options.activations ?? ['int8-groups', 'int16-groups', 'f32'];
  const tried: TriedDraft[] = [];

  const planned = (draft: Pick<Draft, 'type' | 'skipped'>): PlannedDraft => planDraft(model, draft);
  const opened = (draft: Omit<Draft, 'guesses'>): Promise<Decoder> =>
    openDraft(planned(draft), { activations: draft.activations, context: decoder.context, device });
  const tryOut = async (draft: Omit<Draft, 'guesses'>): Promise<TriedDraft> => {
    const smaller = await opened(draft);
    const costs = await stepCosts(smaller, texts[0] as GreedyText, { most: 2, all: false, now });
    const right: (readonly boolean[])[] = [];
    for (const text of texts) right.push(await rightGuesses(smaller, text));
    free(smaller);
    const all = Array.from({ length: mostGuesses }, (_, at) => expectedOf(right, at + 1, { own, draft: costs }));
    const { guesses, cost, taken } = all.toSorted((a, b) => a.cost - b.cost)[0] as Expected;
    const { bytesAfter: bytes } = planned(draft).plan;
    return { ...draft, guesses, bytes, taken, expected: (own[0] as number) / cost };
  };

  const study = await createStudy({
    name: 'draft',
    space: space({ type: choice(types), activations: choice(activations), skipped: int(0, mostSkipped) }),
    objectives: ['maximize saved'],
    strategy: tpe(),
    seed,
  });
  for (const type of types) await study.enqueue({ type, activations: activations[0] as DraftActivations, skipped: 0 });
  const count = Math.min(trials, types.length * activations.length * (mostSkipped + 1));
  await study.run(
    async ({ config: { type, activations: numbers, skipped } }) => {
      throwIfAborted(signal);
      const draft = { type, activations: numbers, skipped: leastLayers(influence, skipped) };
      tried.push(await tryOut(draft));
      onTried?.(tried.at(-1) as TriedDraft, tried.length, count);
      return (tried.at(-1) as TriedDraft).expected;
    },
    { stop: [maxTrials(count)], ...(signal && { signal }) },
  );
  throwIfAborted(signal);
  const measured: (TriedDraft & { readonly measured: number })[] = [];
  for (const each of tried.toSorted((a, b) => b.expected - a.expected).slice(0, mostMeasured)) {
    throwIfAborted(signal);
    const smaller = await opened(each);
    const saved = await savedBy(decoder, judge, { tokens, draft: smaller, guesses: each.guesses, now });
    measured.push({ ...each, measured: saved });
    free(smaller);
  }
  const [best] = measured.toSorted((a, b) => b.measured - a.measured);
  const measuredOf = (one: TriedDraft): TriedDraft =>
    measured.find(
      ({ type, activations: numbers, skipped }) =>
        type === one.type && numbers === one.activations && skipped.length === one.skipped.length,
    ) ?? one;
  return { best: best as DraftSearch['best'], tried: tried.map(measuredOf) };
}

/** Types of which none makes the same of the model as one before. */
function differing(model: ModelInParts, types: readonly string[]): readonly string[] {
  const made = types.map((type) =>
    JSON.stringify(planDraft(model, { type, skipped: [] }).plan.tensors.map(({ to }) => to)),
  );
  return types.filter((_, at) => made.indexOf(made[at] as string) === at);
}

/** How many times cheaper texts are with a draft: a median of rounds in which both have their turns. */
async function savedBy(
  decoder: Decoder,
  prompts: CalibrationIds,
  { tokens, draft, guesses, now }: { tokens: number; draft: Decoder; guesses: number; now: Clock },
): Promise<number> {
  const timed = async (prompt: readonly number[], more: GenerateOptions): Promise<number> => {
    const before = now();
    await complete(decoder, prompt, { maxTokens: tokens, ends: [], ...more });
    return now() - before;
  };
  const ratios: number[] = [];
  for (let round = 0; round <= mostRounds; round++) {
    let [alone, together] = [0, 0];
    for (const prompt of prompts) {
      // Prompts are computed once, by one model or by two; what is compared are tokens.
      alone += (await timed(prompt, {})) - (await timed(prompt, { maxTokens: 1 }));
      together += (await timed(prompt, { draft, guesses })) - (await timed(prompt, { draft, guesses, maxTokens: 1 }));
    }
    // The first records steps.
    if (round > 0) ratios.push(alone / together);
  }
  return ratios.toSorted((a, b) => a - b)[mostRounds >> 1] as number;
}

function free(decoder: Decoder): void {
  decoder.dispose();
  decoder.model.dispose();
}
