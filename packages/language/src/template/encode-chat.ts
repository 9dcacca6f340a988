/** The ids of a chat: what its template writes may be special tokens, what its messages say never is. */
import type { Json } from '@espalier/nn';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { ChatMessage, ChatTemplate, RenderOptions } from './chat-template.ts';

/** Where a text is cut, so that no special token can be there. Nobody may write this character, by Unicode. */
const cut = '\uFDD0';

/**
 * Renders a chat and turns it into ids. Special tokens in the contents of messages, or such as begin or end in one, are texts
 * like any other.
 * @throws {TemplateError} for what the template refuses.
 */
export function encodeChat(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  options: RenderOptions = {},
): Int32Array<ArrayBuffer> {
  const specials = tokenizer.specialTokens;
  const harmless = messages.map((message) =>
    message.content === undefined ? message : { ...message, content: withoutSpecials(message.content, specials) },
  );
  const pieces = template.render(harmless, options).split(cut);
  const ids = pieces.map((piece) => tokenizer.encode(piece, { specials: true, frame: false }));
  const all = new Int32Array(ids.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of ids) {
    all.set(each, at);
    at += each.length;
  }
  return all;
}

function withoutSpecials(content: Json, specials: readonly string[]): Json {
  if (typeof content === 'string') return apart(content.replaceAll(cut, ''), specials);
  if (Array.isArray(content)) return (content as readonly Json[]).map((each) => withoutSpecials(each, specials));
  if (typeof content !== 'object' || content === null) return content;
  return Object.fromEntries(Object.entries(content).map(([key, value]) => [key, withoutSpecials(value, specials)]));
}

/** Cuts each special token behind its first character, and the ends where what stands beside may make one of them. */
function apart(text: string, specials: readonly string[]): string {
  let made = text;
  let [begins, ends] = [false, false];
  for (const special of specials) {
    if (made.includes(special)) made = made.replaceAll(special, special[0] + cut + special.slice(1));
    for (let length = 1; length < special.length; length++) {
      ends ||= text.endsWith(special.slice(0, length));
      begins ||= text.startsWith(special.slice(length));
    }
  }
  return (begins ? cut : '') + made + (ends ? cut : '');
}
