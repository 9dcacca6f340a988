/** What makes a text of tokens. */
import { encodeUtf8 } from '@espalier/nn/format';
import { fault, partsWithin, textIn, type Part } from '../tokenizer-json.ts';
import { byteOfCharacter, textOfBytes } from './bytes.ts';
import { libraryDecoder, problemOf } from './library.ts';

type Decoder = (tokens: readonly string[]) => readonly string[];

/** Tokens that are no bytes, such as added ones, are themselves. */
const fromBytes: Decoder = (tokens) => {
  const bytes = tokens.flatMap((token) => {
    const each = Array.from(token, (character) => byteOfCharacter.get(character));
    return each.every((byte): byte is number => byte !== undefined) ? each : [...encodeUtf8(token)];
  });
  return [textOfBytes(Uint8Array.from(bytes))];
};

/** What stands for spaces before the first token was put there, unless the file says it never is. */
function fromMetaspace(part: Part, name: string): Decoder {
  const sign = textIn(part, 'replacement', '▁', name);
  const puts = part['prepend_scheme'] !== 'never' && part['add_prefix_space'] !== false;
  return (tokens) => tokens.map((token, index) => token.replaceAll(sign, index === 0 && puts ? '' : ' '));
}

const own: Readonly<Record<string, (part: Part, name: string) => Decoder>> = {
  ByteLevel: () => fromBytes,
  Metaspace: fromMetaspace,
  Sequence: (part, name) => {
    const chain = partsWithin(part).map((each) => chainOf(each, name));
    return (tokens) => chain.reduce((so, each) => each(so), tokens);
  },
};

function chainOf(part: Part, name: string): Decoder {
  const make = Object.hasOwn(own, part.type) ? own[part.type] : undefined;
  const found = make ? make(part, name) : libraryDecoder(part);
  if (found) return found;
  throw fault(name, `has a decoder of type ${JSON.stringify(part.type).slice(0, 40)}, ${problemOf(part)}`);
}

/**
 * The text of tokens; without a decoder they stand a space apart.
 * @throws {FormatError} for a type that nobody knows.
 */
export function decoderOf(part: Part | null, name: string): (tokens: readonly string[]) => string {
  if (part === null) return (tokens) => tokens.join(' ');
  const chain = chainOf(part, name);
  return (tokens) => chain(tokens).join('');
}
