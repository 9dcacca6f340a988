/** What a GGUF file says of its vocabulary, checked. */
import type { Json } from '@espalier/nn';
import { fault, mostTokens } from '../tokenizer-json.ts';

/** What a token of a GGUF file is. */
export const tokenKinds = { normal: 1, unknown: 2, control: 3, user: 4, unused: 5, byte: 6 } as const;

/** Pairs of a GGUF file. */
export type GgufMetadata = { readonly [key: string]: Json };

/** The vocabulary of a GGUF file. */
export class GgufVocabulary {
  readonly name: string;
  readonly model: string;
  readonly tokens: readonly string[];
  readonly #metadata: GgufMetadata;
  readonly #kinds: readonly Json[];

  /** @throws {FormatError} for a file without tokens. */
  constructor(metadata: GgufMetadata, name: string) {
    this.#metadata = metadata;
    this.name = name;
    this.model = this.text('model') ?? this.#fail('model', 'a text');
    this.tokens = this.list('tokens', 'string') ?? this.#fail('tokens', 'a list of texts');
    this.#kinds = this.list('token_type', 'number') ?? [];
    if (this.tokens.length > mostTokens) throw fault(name, `has more than ${mostTokens} tokens`);
  }

  kindOf(id: number): number {
    return Number(this.#kinds[id] ?? tokenKinds.normal);
  }

  text(key: string): string | undefined {
    const value = this.#value(key);
    return typeof value === 'string' ? value : undefined;
  }

  truth(key: string): boolean | undefined {
    const value = this.#value(key);
    return typeof value === 'boolean' ? value : undefined;
  }

  /**
   * The id that a key says, such as `bos` for `bos_token_id`; undefined where it says none.
   * @throws {FormatError} for one that is no token.
   */
  id(key: string): number | undefined {
    const value = this.#value(`${key}_token_id`);
    if (value === undefined || value === -1) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < this.tokens.length) return value;
    return this.#fail(`${key}_token_id`, `the id of one of ${this.tokens.length} tokens`);
  }

  /** @throws {FormatError} for a list of something else. */
  list(key: string, of: 'string'): readonly string[] | undefined;
  list(key: string, of: 'number'): readonly number[] | undefined;
  list(key: string, of: 'string' | 'number'): readonly (string | number)[] | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && (value as readonly Json[]).every((each) => typeof each === of))
      return value as readonly (string | number)[];
    return this.#fail(key, `a list of ${of === 'string' ? 'texts' : 'numbers'}`);
  }

  #value(key: string): Json | undefined {
    const whole = `tokenizer.ggml.${key}`;
    return Object.hasOwn(this.#metadata, whole) ? this.#metadata[whole] : undefined;
  }

  #fail(key: string, must: string): never {
    throw fault(this.name, `has no tokenizer.ggml.${key} that is ${must}`);
  }
}
