/** Text of ids as they come. */
import type { TokenStream } from './tokenizer.ts';

/** What bytes that are no text become; also what a character is before all of its bytes are there. */
const replacement = '\uFFFD';

/**
 * Decodes each id together with those before it, as far back as the text was last whole: decoders treat the first token
 * otherwise than others, and a character may be of several tokens.
 */
export function streamOf(decode: (ids: readonly number[]) => string): TokenStream {
  let ids: number[] = [];
  /** How many of them were told already, and their text. */
  let told = 0;
  let toldText = '';
  const rest = (): string => decode(ids).slice(toldText.length);
  return {
    push: (id) => {
      ids.push(id);
      const text = rest();
      if (text === '' || text.endsWith(replacement)) return '';
      ids = ids.slice(told);
      told = ids.length;
      toldText = decode(ids);
      return text;
    },
    end: () => {
      const text = rest();
      ids = [];
      told = 0;
      toldText = '';
      return text;
    },
  };
}
