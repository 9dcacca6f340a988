/** Tokens by their ids, which need not be all of those below the last. */
import type { AddedToken } from './tokenizer-json.ts';

/** A list has a place for each id below its length: of so many places one has to be taken. */
const sparsest = 8;

/** Texts of tokens. */
export class TokenTexts {
  /** Ids are below this. */
  readonly size: number;
  readonly #texts: Map<number, string> | (string | undefined)[];

  constructor(vocabulary: ReadonlyMap<string, number>, added: readonly AddedToken[]) {
    let size = 0;
    for (const id of vocabulary.values()) size = Math.max(size, id + 1);
    for (const { id } of added) size = Math.max(size, id + 1);
    this.size = size;
    const isDense = size <= sparsest * (vocabulary.size + added.length);
    const list = isDense ? Array.from<string | undefined>({ length: size }) : undefined;
    const map = new Map<number, string>();
    const put = (id: number, text: string): void => {
      if (list) list[id] = text;
      else map.set(id, text);
    };
    for (const [text, id] of vocabulary) put(id, text);
    for (const { content, id } of added) put(id, content);
    this.#texts = list ?? map;
  }

  get(id: number): string | undefined {
    // Of a list the length is no token.
    if (!Number.isInteger(id)) return undefined;
    return Array.isArray(this.#texts) ? this.#texts[id] : this.#texts.get(id);
  }
}
