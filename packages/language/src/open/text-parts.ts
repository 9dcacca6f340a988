/** What turns texts into ids, and chats into texts, of a model's files. */
import type { LanguageDescription, ModelFolder, TensorSource } from '@espalier/models';
import { FormatError, type Json } from '@espalier/nn';
import { aCount, check, listOf } from '@espalier/tensor/arguments';
import { chatTemplate, type ChatTemplate, type TemplateTokens } from '../template/chat-template.ts';
import { createTokenizer } from '../tokenizer/create.ts';
import { tokenizerJsonOfGguf, tokenizerOfGguf } from '../tokenizer/gguf/from-gguf.ts';
import type { GgufMetadata } from '../tokenizer/gguf/vocabulary.ts';
import { ggufOfTokenizer, type GgufTokenizer } from '../tokenizer/gguf/write/to-gguf.ts';
import type { SpecialTokens, Tokenizer } from '../tokenizer/tokenizer.ts';
import { aDescription, aModelFolder, aTensorFile } from './rules.ts';

/** Texts in and out. */
export interface TextParts {
  readonly tokenizer: Tokenizer;
  /** Where the files have one. */
  readonly template?: ChatTemplate;
}

type Said = { readonly [key: string]: Json };

const recordOf = (json: Json | undefined): Said =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Said) : {};

/**
 * The tokenizer, and the template, of a GGUF file.
 * @throws {FormatError} for a vocabulary that is damaged or of an unknown kind.
 * @throws {TemplateError} for a template that is none.
 */
export function textPartsOfGguf(file: Pick<TensorSource, 'metadata' | 'name'>): TextParts {
  const { metadata, name } = check('textPartsOfGguf', 'the file', file, aTensorFile);
  const tokenizer = tokenizerOfGguf(metadata, name);
  const template = metadata['tokenizer.chat_template'];
  if (typeof template !== 'string') return { tokenizer };
  const tokenOf = (key: string): string | undefined => {
    const id = metadata[`tokenizer.ggml.${key}_token_id`];
    return typeof id === 'number' ? tokenizer.tokenOf(id) : undefined;
  };
  const tokens = {
    bos_token: tokenOf('bos'),
    eos_token: tokenOf('eos'),
    pad_token: tokenOf('padding'),
    unk_token: tokenOf('unknown'),
  };
  return { tokenizer, template: chatTemplate(template, present(tokens), `${name}: tokenizer.chat_template`) };
}

/**
 * What a GGUF file says of texts as files of a folder of Hugging Face, by their names.
 * @throws {FormatError} as `textPartsOfGguf`.
 */
export function textFilesOfGguf(metadata: GgufMetadata): { readonly [name: string]: string } {
  const json = tokenizerJsonOfGguf(metadata);
  const tokens = metadata['tokenizer.ggml.tokens'] as readonly string[];
  const config = Object.fromEntries(
    Object.entries({
      bos: 'bos',
      eos: 'eos',
      padding: 'pad',
      unknown: 'unk',
      cls: 'cls',
      seperator: 'sep',
      mask: 'mask',
    })
      .map(([key, name]) => [`${name}_token`, tokens[metadata[`tokenizer.ggml.${key}_token_id`] as number]] as const)
      .filter(([, token]) => token !== undefined),
  );
  const template = metadata['tokenizer.chat_template'];
  return {
    'tokenizer.json': JSON.stringify(json),
    'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', ...config }, undefined, 2),
    ...(typeof template === 'string' && { 'chat_template.jinja': template }),
  };
}

/** What a folder of Hugging Face says of texts. */
interface SaidOfTexts extends TextParts {
  /** What tokenizer.json holds. */
  readonly json: Json;
  readonly source?: string | undefined;
}

async function saidOfTexts(folder: ModelFolder, ends: readonly number[]): Promise<SaidOfTexts> {
  const json = await folder.json('tokenizer.json');
  if (json === undefined)
    throw new FormatError(folder.stored.name, 0, 'has no tokenizer.json beside it, which says how texts become ids');
  const config = recordOf(await folder.json('tokenizer_config.json'));
  const textOf = (key: string): string | undefined => {
    const said = config[key];
    const text = typeof said === 'string' ? said : recordOf(said)['content'];
    return typeof text === 'string' ? text : undefined;
  };
  const tokens = present({
    bos_token: textOf('bos_token'),
    eos_token: textOf('eos_token'),
    pad_token: textOf('pad_token'),
    unk_token: textOf('unk_token'),
  });
  const plain = createTokenizer(json);
  const idOf = (token: string | undefined): number | undefined => (token === undefined ? undefined : plain.idOf(token));
  const all = [...ends, idOf(tokens.eos_token)].filter((id) => id !== undefined);
  const specials: SpecialTokens = {
    ends: [...new Set(all)],
    ...defined('begin', idOf(tokens.bos_token)),
    ...defined('padding', idOf(tokens.pad_token)),
    ...defined('unknown', idOf(tokens.unk_token)),
  };
  const source = (await folder.text('chat_template.jinja')) ?? templateIn(config['chat_template']);
  return {
    json,
    source,
    tokenizer: { ...plain, specials },
    ...(source !== undefined && { template: chatTemplate(source, tokens) }),
  };
}

/**
 * The tokenizer, and the template, of a folder of Hugging Face.
 * @param ends ids that end a text, as the model's own descriptions say
 * @throws {FormatError} for a folder without `tokenizer.json`, and one that is damaged or of an unknown kind.
 * @throws {TemplateError} for a template that is none.
 */
export async function textPartsOfFolder(folder: ModelFolder, ends: readonly number[] = []): Promise<TextParts> {
  check('textPartsOfFolder', 'the folder', folder, aModelFolder);
  check('textPartsOfFolder', 'ends', ends, listOf(aCount));
  const { tokenizer, template } = await saidOfTexts(folder, ends);
  return { tokenizer, ...(template && { template }) };
}

/**
 * What a folder of Hugging Face says of texts as pairs of a GGUF file: its vocabulary, and its template.
 * @throws {FormatError} as `textPartsOfFolder`, and naming what GGUF has no words for.
 * @throws {TemplateError} for a template that is none.
 */
export async function ggufTextPairs(
  folder: ModelFolder,
  description: Pick<LanguageDescription, 'special' | 'vocabulary'>,
): Promise<GgufTokenizer> {
  check('ggufTextPairs', 'the folder', folder, aModelFolder);
  const { special, vocabulary } = check<Pick<LanguageDescription, 'special' | 'vocabulary'>>(
    'ggufTextPairs',
    'the description',
    description,
    aDescription,
  );
  const { json, source, tokenizer } = await saidOfTexts(folder, special.eos);
  return ggufOfTokenizer(json, {
    vocabulary,
    specials: tokenizer.specials,
    ...(source !== undefined && { template: source }),
  });
}

/** The tokenizer, and the template, of either. */
export async function textPartsOf(
  from: ModelFolder | TensorSource,
  { special }: Pick<LanguageDescription, 'special'>,
): Promise<TextParts> {
  return 'config' in from ? textPartsOfFolder(from, special.eos) : textPartsOfGguf(from);
}

/** One, or several by name, of which the default one is meant. */
function templateIn(said: Json | undefined): string | undefined {
  if (typeof said === 'string') return said;
  if (!Array.isArray(said)) return undefined;
  const records = (said as readonly Json[]).map(recordOf);
  const template = records.find((each) => each['name'] === 'default')?.['template'];
  return typeof template === 'string' ? template : undefined;
}

function present(tokens: { readonly [Key in keyof TemplateTokens]: string | undefined }): TemplateTokens {
  return Object.fromEntries(Object.entries(tokens).filter(([, text]) => text !== undefined));
}

const defined = <Key extends string>(key: Key, id: number | undefined): { readonly [K in Key]?: number } =>
  (id === undefined ? {} : { [key]: id }) as { readonly [K in Key]?: number };
