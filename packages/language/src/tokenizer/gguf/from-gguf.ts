/** A vocabulary in a GGUF file as a `tokenizer.json`, and the tokenizer of it. */
import type { Json } from '@espalier/nn';
import { anObject, aText, check, type Rule } from '@espalier/tensor/arguments';
import { createTokenizer } from '../create.ts';
import type { SpecialTokens, Tokenizer } from '../tokenizer.ts';
import { fault } from '../tokenizer-json.ts';
import { kindsOfVocabulary } from './kinds.ts';
import { GgufVocabulary, tokenKinds, type GgufMetadata } from './vocabulary.ts';

/** Control tokens that end a turn or a text whether the file says so or not. */
const endings: ReadonlySet<string> = new Set([
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end|>',
  '<end_of_turn>',
  '<turn|>',
  '<EOT>',
  '</s>',
]);

/**
 * What the pairs of a GGUF file say, as a `tokenizer.json`.
 * @throws {FormatError} for a vocabulary that is damaged, of an unknown kind, or cut by rules that are not known.
 */
export function tokenizerJsonOfGguf(metadata: GgufMetadata, name = 'the file'): { readonly [key: string]: Json } {
  return jsonOf(vocabularyOf('tokenizerJsonOfGguf', metadata, name));
}

/**
 * The tokenizer of a GGUF file, by the metadata of its `TensorSource`.
 * @throws {FormatError} for a vocabulary that is damaged, of an unknown kind, or cut by rules that are not known.
 *
 * @example
 * const tokenizer = tokenizerOfGguf((await openTensorFile('model.gguf')).metadata);
 */
export function tokenizerOfGguf(metadata: GgufMetadata, name = 'the file'): Tokenizer {
  const vocabulary = vocabularyOf('tokenizerOfGguf', metadata, name);
  return createTokenizer(jsonOf(vocabulary), { name, specials: specialsOf(vocabulary) });
}

function vocabularyOf(operation: string, metadata: GgufMetadata, name: string): GgufVocabulary {
  check<GgufMetadata>(operation, 'the metadata', metadata, anObject as Rule<GgufMetadata>);
  return new GgufVocabulary(metadata, check(operation, 'the name', name, aText));
}

function jsonOf(vocabulary: GgufVocabulary): { readonly [key: string]: Json } {
  const kind = kindsOfVocabulary.get(vocabulary.model);
  if (!kind)
    throw fault(
      vocabulary.name,
      `has a vocabulary of the kind ${JSON.stringify(vocabulary.model).slice(0, 40)}; there are ${[...kindsOfVocabulary.keys()].join(', ')}`,
    );
  const { parts, begins, ends } = kind(vocabulary);
  const isFramed = vocabulary.model === 'bert';
  const before = (vocabulary.truth('add_bos_token') ?? begins) ? beginOf(vocabulary) : undefined;
  const end = vocabulary.id('eos') ?? vocabulary.id('seperator');
  const after = (vocabulary.truth('add_eos_token') ?? ends) || isFramed ? end : undefined;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...addedOf(vocabulary)],
    ...parts,
    post_processor: frame(vocabulary, before, after),
  };
}

const sequence = (id: string): Json => ({ Sequence: { id, type_id: 0 } });

function frame({ tokens }: GgufVocabulary, before: number | undefined, after: number | undefined): Json {
  const special = (id: number | undefined): Json[] =>
    id === undefined ? [] : [{ SpecialToken: { id: tokens[id] as string, type_id: 0 } }];
  const told = [before, after].filter((id) => id !== undefined);
  return {
    type: 'TemplateProcessing',
    single: [...special(before), sequence('A'), ...special(after)],
    pair: [...special(before), sequence('A'), sequence('B'), ...special(after)],
    special_tokens: Object.fromEntries(
      told.map((id) => [tokens[id] as string, { id: tokens[id] as string, ids: [id], tokens: [tokens[id] as string] }]),
    ),
  };
}

/** Tokens that are found in a text as they are. */
function* addedOf(vocabulary: GgufVocabulary): Iterable<Json> {
  const { control, unknown, user } = tokenKinds;
  for (const [id, content] of vocabulary.tokens.entries()) {
    const kind = vocabulary.kindOf(id);
    if (content === '' || (kind !== control && kind !== unknown && kind !== user)) continue;
    yield { id, content, special: kind !== user, normalized: false, single_word: false, lstrip: false, rstrip: false };
  }
}

const beginOf = (vocabulary: GgufVocabulary): number | undefined => vocabulary.id('bos') ?? vocabulary.id('cls');

function specialsOf(vocabulary: GgufVocabulary): SpecialTokens {
  const ends = new Set(['eos', 'eot', 'eom'].map((key) => vocabulary.id(key)).filter((id) => id !== undefined));
  for (const [id, token] of vocabulary.tokens.entries())
    if (endings.has(token) && vocabulary.kindOf(id) === tokenKinds.control) ends.add(id);
  const [begin, padding, unknown] = [beginOf(vocabulary), vocabulary.id('padding'), vocabulary.id('unknown')];
  return {
    ends: [...ends],
    ...(begin !== undefined && { begin }),
    ...(padding !== undefined && { padding }),
    ...(unknown !== undefined && { unknown }),
  };
}
