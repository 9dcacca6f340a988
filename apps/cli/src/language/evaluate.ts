/** Models that take texts, judged by a file of text: opened, read and told of. */
import { statSync } from 'node:fs';
import {
  compareEmbeddings,
  compareLanguageModels,
  encodeParts,
  idsBefore,
  measurePerplexity,
  protocols,
  TextEmbedder,
  type EmbeddingComparison,
  type EvaluateTextOptions,
  type LanguageComparison,
  type OpenedLanguage,
  type Perplexity,
  type Protocol,
  type ScoredToken,
  type Tokenizer,
} from '@espalier/language';
import { openTextModelAt, readTextParts } from '@espalier/language/node';
import type { OpenModelOptions } from '@espalier/models';
import { openDevice } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import { wholeNumberFrom, type ComputeOptions } from '../cli/options.ts';
import type { Session } from '../cli/session.ts';
import { InterruptedError, UsageError } from '../errors.ts';
import { activationsOption, weightsOption, type ActivationNumbers } from './options.ts';
import { saidByUser } from './said-by-user.ts';

/** Options of commands that judge by a text. */
export interface TextOptions extends ComputeOptions {
  readonly text?: string;
  readonly protocol?: Protocol;
  readonly chunk?: number;
  readonly chunks?: number;
  readonly weights?: 'stored' | 'f32';
  readonly activations?: ActivationNumbers;
}

/** What takes a text. */
export type TextModel = OpenedLanguage | TextEmbedder;

/** Adds them. */
export function withTextOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--protocol <name>',
        'of a language model: p1 scores the second half of windows of 512 tokens, as llama.cpp does; p2 all but the first of 2,048, as papers do (default: p1)',
      ).choices(Object.keys(protocols)),
    )
    .option(
      '--chunk <tokens>',
      'of a language model: tokens of a window (default: what the protocol says)',
      wholeNumberFrom(4),
    ) // prettier-ignore
    .option('--chunks <n>', 'of a language model: look at so many windows (default: all)', wholeNumberFrom(1))
    .addOption(
      weightsOption('--weights <how>', 'of a model of texts: weights as they are stored, or as f32 (default: stored)'),
    ) // prettier-ignore
    .addOption(activationsOption());
}

/** @throws {UsageError} when there is no such file. */
export function checkText(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`${path}: there is no such file: give --text a file in UTF-8`);
}

/**
 * Opens models, all on the device that is asked for.
 * @throws {NoDeviceError} when it is not here.
 */
export async function openTextModels(
  session: Session,
  names: readonly string[],
  computed: readonly Pick<OpenModelOptions, 'weights' | 'activations'>[],
  { device = 'auto' }: ComputeOptions,
): Promise<readonly TextModel[]> {
  const { device: opened } = await openDevice(device);
  const models: TextModel[] = [];
  for (const [index, name] of names.entries()) {
    const model = await openTextModelAt(name, { device: opened, ...computed[index] });
    for (const note of model.description.notes) session.log(`${name}: ${note}`);
    models.push(model);
  }
  return models;
}

/** Does what is long, and ends when the user asks for that. */
async function stoppable<Result>(session: Session, run: () => Promise<Result>): Promise<Result> {
  try {
    return await saidByUser(run);
  } catch (error) {
    if (session.interrupt.aborted) throw new InterruptedError();
    throw error;
  }
}

/** Goes through a file of text, and tells how far it is. */
async function through<Result>(
  session: Session,
  path: string,
  { tokenizer, description }: OpenedLanguage,
  { protocol = 'p1', chunk: given, chunks: most }: TextOptions,
  measure: (tokens: AsyncIterable<Int32Array>, options: EvaluateTextOptions) => Promise<Result>,
): Promise<Result> {
  const { context } = description;
  const chunk = given ?? Math.min(protocols[protocol], context);
  if (chunk > context)
    throw new UsageError(`--chunk: ${chunk} tokens are more than the ${context} that the model takes: give fewer`);
  const { size } = statSync(path);
  let [bytes, tokens] = [0, 0];
  async function* counted(): AsyncGenerator<Int32Array, void> {
    for await (const part of encodeParts(
      tokenizer,
      readTextParts(path, (read) => (bytes = read)),
    )) {
      tokens += part.length;
      yield part;
    }
  }
  const bar = session.progress.start('evaluate', 1);
  const [begin] = idsBefore(tokenizer);
  const found = await measure(counted(), {
    protocol,
    chunk,
    ...(most !== undefined && { chunks: most }),
    ...(begin !== undefined && { begin }),
    signal: session.interrupt,
    onProgress: ({ chunks, perplexity }) => {
      const part = most === undefined ? ((chunks * chunk) / tokens) * (bytes / size) : chunks / most;
      bar.update(Math.min(1, part), `perplexity ${perplexity.toFixed(3)} after ${chunks} windows`);
    },
  });
  bar.finish();
  return found;
}

/**
 * The perplexity of a model on a file of text.
 * @throws {UsageError} for a model that tells no tokens.
 */
export async function perplexityOf(
  session: Session,
  name: string,
  model: TextModel,
  path: string,
  options: TextOptions,
  onToken?: (token: ScoredToken) => void,
): Promise<Perplexity> {
  if (model instanceof TextEmbedder)
    throw new UsageError(
      `${name}: it gives a vector for a text, and tells no tokens: compare it with another one by espalier diff`,
    );
  return stoppable(session, () =>
    through(session, path, model, options, (tokens, all) =>
      measurePerplexity(model.decoder.model, tokens, { ...all, ...(onToken && { onToken }) }),
    ),
  );
}

/** What two models differ by, of either kind. */
export type TextComparison =
  | ({ readonly kind: 'logits' } & LanguageComparison)
  | ({ readonly kind: 'vectors'; readonly tokens: number; readonly cut: number } & EmbeddingComparison);

/**
 * Compares two models on a file of text: such as tell tokens on all of it, such as embed texts on its lines.
 * @throws {UsageError} for models of two kinds, or with other tokens.
 */
export async function compareOn(
  session: Session,
  [base, model]: readonly [TextModel, TextModel],
  path: string,
  options: TextOptions,
): Promise<TextComparison> {
  return stoppable(session, async () => {
    if (base instanceof TextEmbedder && model instanceof TextEmbedder) {
      const texts = await linesIn(path);
      const [a, b] = [await embedAll(session, base, texts), await embedAll(session, model, texts)];
      return { kind: 'vectors', tokens: a.tokens, cut: a.cut, ...(await compareEmbeddings(a, b)) };
    }
    if (base instanceof TextEmbedder || model instanceof TextEmbedder)
      throw new UsageError('one of the models tells tokens, and the other one gives vectors: compare two of a kind');
    await checkTokens(base.tokenizer, model.tokenizer, path);
    const found = await through(session, path, base, options, (tokens, all) =>
      compareLanguageModels(base.decoder.model, model.decoder.model, tokens, all),
    );
    return { kind: 'logits', ...found };
  });
}

/** What is compared are probabilities of the same tokens: those of the first part of a text tell whether they are. */
async function checkTokens(base: Tokenizer, model: Tokenizer, path: string): Promise<void> {
  for await (const part of readTextParts(path)) {
    if (base.encode(part).join() === model.encode(part).join()) return;
    throw new UsageError('the models cut the text into other tokens: compare such as have one vocabulary');
  }
}

/** The lines of a file that are not blank. */
export async function linesIn(path: string): Promise<readonly string[]> {
  let text = '';
  for await (const part of readTextParts(path)) text += part;
  return linesOf(text);
}

/** The lines of a text that are not blank. */
export const linesOf = (text: string): readonly string[] => text.split(/\r?\n/u).filter((line) => line.trim() !== '');

/** Embeds texts; tells of such as are cut. */
export async function embedAll(
  session: Session,
  embedder: TextEmbedder,
  texts: readonly string[],
): Promise<Awaited<ReturnType<TextEmbedder['embed']>>> {
  const found = await stoppable(session, () => embedder.embed(texts, { signal: session.interrupt }));
  if (found.cut > 0)
    session.log(`${found.cut} of ${texts.length} texts are longer than ${embedder.longest} tokens, and were cut`);
  return found;
}
