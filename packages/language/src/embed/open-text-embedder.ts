/** Models that embed texts, and such as tell tokens, out of folders of Hugging Face and GGUF files. */
import {
  openLanguageModel,
  type ModelFolder,
  type OpenedLanguageModel,
  type OpenModelOptions,
  type TensorSource,
} from '@espalier/models';
import type { Json } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { check } from '@espalier/tensor/arguments';
import { Decoder } from '../generate/decoder.ts';
import type { OpenedLanguage } from '../open/open-language.ts';
import { aModelSource } from '../open/rules.ts';
import { textPartsOf } from '../open/text-parts.ts';
import { poolingOf } from './pooling.ts';
import { TextEmbedder } from './text-embedder.ts';

/**
 * Opens a model that gives hidden states, of a folder of Hugging Face or a GGUF file, which the caller closes, with its tokenizer
 * and the pooling that its files say.
 * @throws {FormatError} for files that are damaged, and what they ask for that there is not.
 * @throws {ArgumentError} for a model that tells tokens.
 *
 * @example
 * const embedder = await openTextEmbedder(await openModelFolder('all-MiniLM-L6-v2'));
 * const { values, width } = await embedder.embed(['A sentence.', 'Another one.']);
 */
export async function openTextEmbedder(
  from: ModelFolder | TensorSource,
  options: OpenModelOptions = {},
): Promise<TextEmbedder> {
  const opened = await openLanguageModel(check('openTextEmbedder', 'from', from, aModelSource), options);
  if (opened.description.gives === 'states') return embedderOf(opened, from);
  throw new ArgumentError(
    'openTextEmbedder',
    `a ${opened.description.family} tells tokens, and has no vector of a text; openLanguage opens it`,
  );
}

/**
 * Opens a model that takes texts, whatever it makes of them.
 * @throws {FormatError} for files that are damaged, and what they ask for that there is not.
 */
export async function openTextModel(
  from: ModelFolder | TensorSource,
  options: OpenModelOptions = {},
): Promise<OpenedLanguage | TextEmbedder> {
  const opened = await openLanguageModel(check('openTextModel', 'from', from, aModelSource), options);
  const { module, description } = opened;
  if (description.gives === 'states') return embedderOf(opened, from);
  const texts = await textPartsOf(from, description);
  return { ...texts, description, decoder: new Decoder(module, { context: description.context }) };
}

async function embedderOf(
  { module, description }: OpenedLanguageModel,
  from: ModelFolder | TensorSource,
): Promise<TextEmbedder> {
  const { tokenizer } = await textPartsOf(from, description);
  const { context } = description;
  const pooling = await poolingOf(from, description);
  const said = 'config' in from ? lengthIn(await from.json('sentence_bert_config.json')) : undefined;
  const most = said ?? context;
  return new TextEmbedder({ module, description, tokenizer, pooling, longest: Math.min(context, most) });
}

/** The most tokens of a text, as "sentence-transformers" says it. */
function lengthIn(json: Json | undefined): number | undefined {
  const most = (json as { readonly max_seq_length?: unknown } | null | undefined)?.max_seq_length;
  return Number.isSafeInteger(most) && (most as number) > 2 ? (most as number) : undefined;
}
