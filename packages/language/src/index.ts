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
export { ggufOfTokenizer, type GgufTokenizer, type GgufTokenizerOptions } from './tokenizer/gguf/write/to-gguf.ts';
export type { GgufMetadata } from './tokenizer/gguf/vocabulary.ts';
export type { DecodeOptions, EncodeOptions, SpecialTokens, Tokenizer, TokenStream } from './tokenizer/tokenizer.ts';
export { Decoder, type DecoderOptions } from './generate/decoder.ts';
export {
  complete,
  generate,
  type Completion,
  type Ending,
  type GenerateOptions,
  type Piece,
} from './generate/generate.ts';
export type { Prompt } from './generate/rules.ts';
export type { Lanes, Scores } from './generate/lanes.ts';
export type { SpeculationFigures } from './generate/speculate.ts';
export { compareEmbeddings, type EmbeddingComparison } from './embed/compare.ts';
export { poolingFiles, poolingOf, poolingPairs, type Pooling } from './embed/pooling.ts';
export { openTextEmbedder, openTextModel } from './embed/open-text-embedder.ts';
export { TextEmbedder, type Embeddings, type EmbedOptions, type TextEmbedderParts } from './embed/text-embedder.ts';
export { compareLanguageModels, type LanguageComparison } from './evaluate/compare.ts';
export { encodeParts, idsBefore, type TextStream } from './evaluate/encode-parts.ts';
export type { Estimated, EstimatedByWindow, Interval } from './evaluate/moments.ts';
export type { EvaluateTextOptions, EvaluateTextProgress } from './evaluate/options.ts';
export {
  measurePerplexity,
  type Perplexity,
  type PerplexityOptions,
  type ScoredText,
  type ScoredToken,
  type TextLoss,
} from './evaluate/perplexity.ts';
export { protocols, type Protocol } from './evaluate/protocol.ts';
export type { Tokens } from './evaluate/windows.ts';
export { chooseToken, distributionOf } from './sample/choose.ts';
export type { Distribution } from './sample/distribution.ts';
export type { SamplingOptions } from './sample/options.ts';
export { openLanguage, type OpenedLanguage, type OpenLanguageOptions } from './open/open-language.ts';
export {
  ggufTextPairs,
  textFilesOfGguf,
  textPartsOfFolder,
  textPartsOfGguf,
  type TextParts,
} from './open/text-parts.ts';
export {
  compressModel,
  writeCompressedFolder,
  writeCompressedGguf,
  type CompressedModel,
  type CompressOptions,
} from './compress/compress.ts';
export {
  draftOf,
  draftPairs,
  planDraft,
  type Draft,
  type DraftActivations,
  type PlannedDraft,
} from './compress/draft/draft.ts';
export {
  searchDraft,
  type DraftSearch,
  type DraftSearchOptions,
  type TriedDraft,
} from './compress/draft/search-draft.ts';
export { dropHeads, type DropHeadsOptions, type FewerHeads } from './compress/drop/drop-heads.ts';
export { layerInfluence, leastLayers, type InfluenceOptions } from './compress/drop/layer-influence.ts';
export { planHeads, type HeadCounts, type HeadPlan } from './compress/drop/plan-heads.ts';
export { withoutLayers } from './compress/drop/without-layers.ts';
export { methodNames, type CompressionMethod } from './compress/method.ts';
export {
  planCompression,
  refuseNotes,
  type CompressionPlan,
  type PlannedTensor,
  type PlanOptions,
  type TypeRule,
} from './compress/plan.ts';
export type { RecoverOptions } from './compress/recover/options.ts';
export type { StateStore } from './compress/states.ts';
export type { CalibrationIds } from './compress/pieces.ts';
export type { PartStore } from './compress/parts.ts';
export type { WalkOptions } from './compress/walk.ts';
export { parseCompressionGoals, type CompressionGoals } from './compress/search/goals.ts';
export {
  searchTypes,
  type MeasuredType,
  type TriedTypes,
  type TypeSearch,
  type TypeSearchOptions,
} from './compress/search/search-types.ts';
