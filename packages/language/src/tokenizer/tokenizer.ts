/** What turns texts into ids of tokens and back. */

/** How a text becomes ids. */
export interface EncodeOptions {
  /**
   * Whether special tokens that are written in the text (`<|im_start|>`) become themselves. Default: false, so that nobody who
   * fills a text in can end a turn or begin one; true for what a template wrote.
   */
  readonly specials?: boolean;
  /** Whether what the model wants around a text is added: the token that begins one, or ends it. Default: true. */
  readonly frame?: boolean;
}

/** How ids become a text. */
export interface DecodeOptions {
  /** Whether special tokens are written down. Default: false. */
  readonly specials?: boolean;
}

/** Tokens with a meaning, as far as a vocabulary has them. */
export interface SpecialTokens {
  /** Begins a text. */
  readonly begin?: number;
  /** End a text, or a turn of one. */
  readonly ends: readonly number[];
  /** Fills a place that stands for nothing. */
  readonly padding?: number;
  /** Stands for what the vocabulary lacks. */
  readonly unknown?: number;
}

/** Text as it comes, of ids as they come: characters whose bytes are not all there yet are held back. */
export interface TokenStream {
  /** The text that an id brings: empty as long as a character is not whole. */
  readonly push: (id: number) => string;
  /** What was held back; bytes that are no text are U+FFFD. */
  readonly end: () => string;
}

/** A vocabulary and its rules. */
export interface Tokenizer {
  /** Ids are below this. */
  readonly size: number;
  readonly specials: SpecialTokens;
  /** Texts that become themselves only where that is asked for. */
  readonly specialTokens: readonly string[];
  /**
   * Ids of a text.
   * @throws {ArgumentError} for what is no text.
   */
  readonly encode: (text: string, options?: EncodeOptions) => Int32Array<ArrayBuffer>;
  /**
   * Text of ids; none give the empty text.
   * @throws {ArgumentError} for an id that the vocabulary has not.
   */
  readonly decode: (ids: Iterable<number>, options?: DecodeOptions) => string;
  /** Text of ids as they come. */
  readonly stream: (options?: DecodeOptions) => TokenStream;
  readonly idOf: (token: string) => number | undefined;
  /** As the vocabulary writes it: bytes may stand for others. */
  readonly tokenOf: (id: number) => string | undefined;
}
