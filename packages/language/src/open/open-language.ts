/** A language model with all that it takes to talk to it. */
import {
  openLanguageModel,
  type LanguageDescription,
  type ModelFolder,
  type OpenModelOptions,
  type TensorSource,
} from '@espalier/models';
import { cacheNumbers, type CacheNumbers } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { anObject, check, checkOptional, oneOf } from '@espalier/tensor/arguments';
import { Decoder } from '../generate/decoder.ts';
import { aModelSource } from './rules.ts';
import { textPartsOf, textPartsOfGguf, type TextParts } from './text-parts.ts';

/** An opened language model. */
export interface OpenedLanguage extends TextParts {
  readonly description: LanguageDescription;
  readonly decoder: Decoder;
}

/** How a language model is opened. */
export interface OpenLanguageOptions extends OpenModelOptions {
  /** The numbers in which keys and values of positions are kept. Default: f32. */
  readonly cache?: CacheNumbers | undefined;
}

/**
 * Opens a model that tells the next token, of a folder of Hugging Face or a GGUF file, which the caller closes: its weights, its
 * tokenizer and its template.
 * @throws {FormatError} for files that are damaged, and for a model, a vocabulary or a template of a kind that is not known.
 * @throws {ArgumentError} for a model that tells no tokens.
 */
export async function openLanguage(
  from: ModelFolder | TensorSource,
  options: OpenLanguageOptions = {},
): Promise<OpenedLanguage> {
  check('openLanguage', 'from', from, aModelSource);
  const { cache, ...ofModel } = check('openLanguage', 'options', options, anObject) as OpenLanguageOptions;
  // Before anything is loaded.
  checkOptional('openLanguage', 'cache', cache, oneOf(...cacheNumbers));
  // The vocabulary first: a model whose words nobody knows need not be loaded.
  const early = 'config' in from ? undefined : textPartsOfGguf(from);
  const { module, description } = await openLanguageModel(from, ofModel);
  if (description.gives !== 'logits')
    throw new ArgumentError('openLanguage', `a ${description.family} tells no tokens; openTextEmbedder opens it`);
  const texts = early ?? (await textPartsOf(from, description));
  return {
    ...texts,
    description,
    decoder: new Decoder(module, { context: description.context, ...(cache && { cache }) }),
  };
}
