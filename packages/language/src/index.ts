/** Language models at work: texts in and out. */
export { TemplateError, type LanguageErrorCode } from './errors.ts';
export {
  chatTemplate,
  type ChatMessage,
  type ChatTemplate,
  type RenderOptions,
  type TemplateTokens,
} from './template/chat-template.ts';
export { encodeChat } from './template/encode-chat.ts';
export { createTokenizer, type TokenizerOptions } from './tokenizer/create.ts';
export { tokenizerJsonOfGguf, tokenizerOfGguf } from './tokenizer/gguf/from-gguf.ts';
export type { GgufMetadata } from './tokenizer/gguf/vocabulary.ts';
export type { DecodeOptions, EncodeOptions, SpecialTokens, Tokenizer, TokenStream } from './tokenizer/tokenizer.ts';
