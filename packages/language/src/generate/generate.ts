/** Texts that a language model goes on with, as they come. */
import { throwIfAborted, type AbortSignalLike } from '@espalier/nn';
import { aSignal } from '@espalier/nn/arguments';
import {
  aBoolean,
  aCount,
  aPositiveInteger,
  aText,
  check,
  checkOptions,
  listOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { ArgumentError } from '@espalier/tensor';
import { samplingRules, type SamplingOptions } from '../sample/options.ts';
import { aTokenizer } from '../tokenizer/rules.ts';
import type { Tokenizer, TokenStream } from '../tokenizer/tokenizer.ts';
import { Decoder } from './decoder.ts';
import { endOf } from './lanes.ts';
import { somePrompts, type Prompt } from './rules.ts';
import { speculatedTokens, type Speculation, type SpeculationFigures } from './speculate.ts';
import { StopStrings } from './stop-strings.ts';
import { nextTokens, type NextToken } from './tokens.ts';

/** Why a sequence ended: a token that ends texts, a text that was to stop it, as many tokens as were asked for, or the context. */
export type Ending = 'end' | 'stop' | 'length' | 'context';

/** What came of a sequence. */
export interface Piece {
  /** The number of the prompt. */
  readonly sequence: number;
  /** The token; what is told at the end without one has none. */
  readonly id?: number;
  /** The text that may be told: empty as long as a character is not whole, or a stop may have begun. */
  readonly text: string;
  /** With the last piece of a sequence. */
  readonly ended?: Ending;
}

/** How texts are gone on with. */
export interface GenerateOptions extends SamplingOptions {
  /** Tokens of each sequence at most. Default: as many as the context has room for. */
  readonly maxTokens?: number;
  /** Turns ids into text. Default: none, and no text. */
  readonly tokenizer?: Tokenizer;
  /** Ids that end a sequence. Default: those of the tokenizer. */
  readonly ends?: readonly number[];
  /** Texts that end a sequence, and are not told. */
  readonly stop?: readonly string[];
  /** Ends the generation, by its reason, or an AbortError. */
  readonly signal?: AbortSignalLike;
  /** Whether to go on from what the cache still has of the beginning of a prompt, as chats do: the last digits of scores may differ. */
  readonly reuse?: boolean;
  /** A smaller model with the same vocabulary, which guesses tokens ahead; of one sequence. */
  readonly draft?: Decoder;
  /** How many it guesses at once: 1 to 15. Default: 4. */
  readonly guesses?: number;
  /** Told what guessing came to. */
  readonly figures?: SpeculationFigures;
}

const aDecoder = ruleOf<Decoder>('a Decoder', (value) => value instanceof Decoder);
const someFigures = ruleOf<never>('an object', (value) => typeof value === 'object' && value !== null);

const optionRules: OptionRules<GenerateOptions> = {
  ...samplingRules,
  maxTokens: aCount,
  tokenizer: aTokenizer,
  ends: listOf(aCount),
  stop: listOf(ruleOf<string>('a text that is not empty', (value) => aText.holds(value) && value !== '')),
  signal: aSignal,
  reuse: aBoolean,
  draft: aDecoder,
  guesses: ruleOf<number>('a number from 1 to 15', (value) => aPositiveInteger.holds(value) && value <= 15),
  figures: someFigures,
};

/**
 * Goes on with a prompt, or with several at once, and tells each token as it comes. Prompts of several lengths are computed side by
 * side. The tokens of a sequence are a function of its prompt, the options and its number.
 * @throws {ArgumentError} for wrong options, and a prompt that is empty, longer than the context, or of what are no ids.
 * @throws {Error} the reason of the signal; AbortError where that is no error.
 *
 * @example
 * const decoder = new Decoder(module, { context: description.context });
 * for await (const { text } of generate(decoder, tokenizer.encode('Once'), { tokenizer, maxTokens: 64 })) write(text);
 */
export async function* generate(
  decoder: Decoder,
  prompt: Prompt | readonly Prompt[],
  options: GenerateOptions = {},
): AsyncGenerator<Piece, void> {
  check('generate', 'the decoder', decoder, aDecoder);
  check('generate', 'the prompt', prompt, somePrompts);
  const checked = checkOptions('generate', options, optionRules);
  const texts = isSeveral(prompt) ? prompt.map((each) => [...each]) : [[...prompt]];
  if (texts.length === 0) return;
  const { signal, maxTokens = Infinity, draft } = checked;
  if (draft && texts.length > 1)
    throw new ArgumentError('generate', 'a draft guesses for one sequence; give one prompt');
  if (maxTokens === 0) return;
  const wanted = new Set(texts.keys());
  const columns = endOf(texts, decoder.context, maxTokens);
  // A sequence ends where its lane does.
  const outlets = texts.map(() => new Outlet(columns, decoder.context, checked));
  const lanes = decoder.lanes(texts.length);
  const guessing = draft?.lanes(1);
  const rounds = guessing
    ? speculatedTokens(
        lanes,
        guessing,
        texts[0] as number[],
        wanted,
        speculationOf(checked, Math.min(decoder.context, draft?.context ?? Infinity)),
      )
    : nextTokens(lanes, texts, wanted, { ...checked, columns });
  try {
    for await (const round of untilAborted(rounds, signal)) {
      for (const { sequence, id } of round) {
        if (!wanted.has(sequence)) continue;
        (texts[sequence] as number[]).push(id);
        const piece = (outlets[sequence] as Outlet).push(id);
        if (piece.ended) wanted.delete(sequence);
        yield { sequence, ...piece };
      }
      if (wanted.size === 0) return;
    }
  } finally {
    if (texts.length === 1) lanes.hold(texts[0] as number[]);
    lanes.close();
    guessing?.close();
  }
}

const isSeveral = (prompt: Prompt | readonly Prompt[]): prompt is readonly Prompt[] => typeof prompt[0] === 'object';

const speculationOf = (
  { guesses = 4, figures = { guessed: 0, taken: 0, rounds: 0 }, ...sampling }: GenerateOptions,
  context: number,
): Speculation => ({ ...sampling, guesses, figures, context });

async function* untilAborted(
  rounds: AsyncGenerator<readonly NextToken[], void>,
  signal: AbortSignalLike | undefined,
): AsyncGenerator<readonly NextToken[], void> {
  throwIfAborted(signal);
  for await (const round of rounds) {
    throwIfAborted(signal);
    yield round;
    throwIfAborted(signal);
  }
}

/** What is told of a sequence. */
class Outlet {
  readonly #left: number;
  readonly #ends: ReadonlySet<number>;
  readonly #stream: TokenStream | undefined;
  readonly #stops: StopStrings;
  readonly #isContext: boolean;
  #count = 0;

  /** @param end the column where the prompt ends */
  constructor(end: number, context: number, { maxTokens = Infinity, tokenizer, ends, stop = [] }: GenerateOptions) {
    // The last token need not be computed with any more.
    const room = context - end + 1;
    this.#isContext = room <= maxTokens;
    this.#left = Math.min(maxTokens, room);
    this.#ends = new Set(ends ?? tokenizer?.specials.ends ?? []);
    this.#stream = tokenizer?.stream();
    this.#stops = new StopStrings(stop);
  }

  push(id: number): Omit<Piece, 'sequence'> {
    this.#count++;
    if (this.#ends.has(id)) return { id, text: this.#rest(), ended: 'end' };
    const { text, stopped } = this.#stops.push(this.#stream?.push(id) ?? '');
    if (stopped) return { id, text, ended: 'stop' };
    if (this.#count < this.#left) return { id, text };
    const behind = this.#stops.push(this.#stream?.end() ?? '');
    const all = text + behind.text + (behind.stopped ? '' : this.#stops.end());
    return { id, text: all, ended: behind.stopped ? 'stop' : this.#isContext ? 'context' : 'length' };
  }

  #rest(): string {
    const { text, stopped } = this.#stops.push(this.#stream?.end() ?? '');
    return text + (stopped ? '' : this.#stops.end());
  }
}

/** What came of a prompt. */
export interface Completion {
  readonly ids: readonly number[];
  readonly text: string;
  readonly ended: Ending;
}

/**
 * As `generate`, of one prompt, told at once.
 * @throws {ArgumentError} for wrong options, and a prompt that is empty or longer than the context.
 * @throws {Error} the reason of the signal; AbortError where that is no error.
 */
export async function complete(decoder: Decoder, prompt: Prompt, options: GenerateOptions = {}): Promise<Completion> {
  const ids: number[] = [];
  let text = '';
  let ended: Ending = 'length';
  for await (const piece of generate(decoder, prompt, options)) {
    if (piece.id !== undefined) ids.push(piece.id);
    text += piece.text;
    ended = piece.ended ?? ended;
  }
  return { ids, text, ended };
}
