/** A language model that speaks: opened for a command, and its text written as it comes. */
import {
  draftOf,
  generate,
  type Ending,
  type GenerateOptions,
  type OpenedLanguage,
  type OpenLanguageOptions,
  type Prompt,
} from '@espalier/language';
import { openLanguageAt } from '@espalier/language/node';
import { openDevice } from '@espalier/pipeline';
import { ArgumentError } from '@espalier/tensor';
import type { Session } from '../cli/session.ts';
import { InterruptedError, UsageError } from '../errors.ts';
import { asAsked } from '../terminal/visible.ts';
import { withModelInParts } from './compression.ts';
import { computedWith, type LanguageOptions } from './options.ts';

/** What was spoken. */
export interface Spoken {
  readonly text: string;
  readonly tokens: number;
  readonly ended: Ending | 'interrupted';
  /** Milliseconds until the first token, and from there to the last. */
  readonly firstTokenMs: number;
  readonly restMs: number;
}

/** A model, and the one that guesses for it. */
export interface Speaker {
  readonly model: OpenedLanguage;
  readonly options: GenerateOptions;
}

/**
 * Opens a model on the device that is asked for, and its draft.
 * @throws {NoDeviceError} when the device is not here.
 * @throws {UsageError} for a model that tells no tokens, and a draft of another vocabulary.
 */
export async function openSpeaker(
  session: Session,
  name: string,
  given: GenerateOptions,
  { device = 'auto', weights = 'stored', activations, draft, cache }: LanguageOptions,
): Promise<Speaker> {
  const computed = { cache, ...computedWith(weights, activations) };
  const { device: opened } = await openDevice(device);
  const started = performance.now();
  const model = await openTelling(name, { device: opened, ...computed });
  const { description, tokenizer, decoder } = model;
  // Not where it was asked for, if that computes something else.
  const place = decoder.model.parameters()[0]?.device ?? opened;
  session.log(
    `${description.family}, ${description.vocabulary} tokens, context ${description.context}, on ${place.name}: ${seconds(performance.now() - started)}`,
  );
  for (const note of description.notes) session.log(note);
  const options = { ...given, tokenizer };
  if (draft === undefined) return { model, options };
  // A draft has no other use than to be fast: it computes from what it has, as it says.
  const said = await withModelInParts(draft, async (at) => draftOf(at.model.description.metadata));
  const guessing = await openTelling(draft, {
    device: opened,
    cache,
    activations: activations ?? said.activations ?? 'f32',
  });
  if (guessing.description.vocabulary !== description.vocabulary)
    throw new UsageError(
      `--draft: ${draft} has ${guessing.description.vocabulary} tokens, and ${name} has ${description.vocabulary}: give a model with the same vocabulary`,
    );
  const { guesses } = said;
  return { model, options: { ...(guesses !== undefined && { guesses }), ...options, draft: guessing.decoder } };
}

async function openTelling(name: string, options: OpenLanguageOptions): Promise<OpenedLanguage> {
  try {
    return await openLanguageAt(name, options);
  } catch (error) {
    // All else that it may refuse was looked at with the command line.
    if (error instanceof ArgumentError && error.operation === 'openLanguage')
      throw new UsageError(`${name}: it gives a vector for a text, and tells no tokens: espalier embed takes it`);
    throw error;
  }
}

/**
 * Goes on with a prompt, told by `write`, until it ends or the user has enough.
 * @throws {UsageError} for a prompt that the model does not take.
 */
export async function speak(
  session: Session,
  { model, options }: Speaker,
  prompt: Prompt,
  write: (text: string) => void,
): Promise<Spoken> {
  const { context } = model.decoder;
  if (prompt.length > context)
    throw new UsageError(
      `the text has ${prompt.length} tokens, and the model takes ${context}: give a shorter one, or begin a new talk`,
    );
  const started = performance.now();
  let first = started;
  let [text, tokens] = ['', 0];
  let ended: Spoken['ended'] = 'length';
  for await (const piece of generate(model.decoder, prompt, options)) {
    if (tokens++ === 0) first = performance.now();
    text += piece.text;
    if (piece.text !== '') write(asAsked(piece.text, session.stdout));
    ended = piece.ended ?? ended;
    if (session.interrupt.aborted && piece.ended === undefined) {
      ended = 'interrupted';
      break;
    }
    // Signals and streams have their turn: a synchronous device gives them none.
    await new Promise(setImmediate);
  }
  return { text, tokens, ended, firstTokenMs: first - started, restMs: performance.now() - first };
}

/** Tells how long it took. */
export function logSpeed(session: Session, prompt: Prompt, { tokens, firstTokenMs, restMs, ended }: Spoken): void {
  const rate = tokens > 1 ? `, then ${((1000 * (tokens - 1)) / restMs).toFixed(1)} a second` : '';
  session.log(
    `${prompt.length} tokens of prompt; first token after ${seconds(firstTokenMs)}${rate}; ${tokens} tokens, ended by ${ended}`,
  );
}

/** @throws {InterruptedError} when the user has asked to stop. */
export function checkInterrupted({ ended }: Spoken): void {
  if (ended === 'interrupted') throw new InterruptedError();
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
