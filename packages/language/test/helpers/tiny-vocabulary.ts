/** Vocabularies of a few tokens. */
import type { GgufMetadata } from '@espalier/language';
import type { Json } from '@espalier/nn';

type Parts = { readonly [key: string]: Json };

/** All bytes, as vocabularies of bytes write them. */
export function byteTokens(): readonly string[] {
  let hidden = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const isVisible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(isVisible ? byte : 256 + hidden++);
  });
}

/** All bytes, and what is merged of them; special tokens behind. */
export function bytePairJson(merges: readonly string[], specials: readonly string[] = [], more: Parts = {}): Parts {
  const tokens = [...byteTokens(), ...merges.map((merge) => merge.replace(' ', ''))];
  return {
    added_tokens: specials.map((content, index) => ({ id: tokens.length + index, content, special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    ...more,
  };
}

/** What a GGUF file says of some tokens, all normal unless told otherwise. */
export function ggufVocabulary(model: string, tokens: readonly string[], more: Parts = {}): GgufMetadata {
  return {
    'tokenizer.ggml.model': model,
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((token) => (/^(?:<(?!0x).*>|\[.*\])$/u.test(token) ? 3 : 1)),
    ...Object.fromEntries(Object.entries(more).map(([key, value]) => [`tokenizer.ggml.${key}`, value])),
  };
}

/** A text whose halves of surrogates are U+FFFD, as UTF-8 has them. */
export const wellFormed = (text: string): string => text.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
