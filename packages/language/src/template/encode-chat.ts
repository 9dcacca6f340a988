/** The ids of a chat: what its template writes may be special tokens, what its messages say never is. */
import type { Json } from '@espalier/nn';
import { anObject, check, ruleOf } from '@espalier/tensor/arguments';
import { aTokenizer } from '../tokenizer/rules.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { someMessages, type ChatMessage, type ChatTemplate, type RenderOptions } from './chat-template.ts';

const aTemplate = ruleOf<ChatTemplate>(
  'a template, as chatTemplate gives one',
  (value) => anObject.holds(value) && typeof (value as Partial<ChatTemplate>).render === 'function',
);

/** Where a text is cut, so that no special token can be there. Nobody may write this character, by Unicode. */
const cut = '\uFDD0';

/**
 * Renders a chat and turns it into ids. Special tokens in the contents of messages, or such as begin or end in one, are texts
 * like any other, and so are those in whatever else messages have.
 * @throws {TemplateError} for what the template refuses.
 * @throws {ArgumentError} for what are no messages.
 */
export function encodeChat(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  options: RenderOptions = {},
): Int32Array<ArrayBuffer> {
  const specials = check('encodeChat', 'the tokenizer', tokenizer, aTokenizer).specialTokens;
  check('encodeChat', 'the template', template, aTemplate);
  check('encodeChat', 'the messages', messages, someMessages);
  const harmless = messages.map((message) => harmlessMessage(message, specials));
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

/** What is said beside the content, such as the arguments of a call, is said by somebody, too; keys stay in their order. */
function harmlessMessage(message: ChatMessage, specials: readonly string[]): ChatMessage {
  return {
    ...(withoutSpecials(message as Json, specials) as { readonly [key: string]: Json }),
    role: named(message.role, specials),
  };
}

/** A name, which templates look for as it is: only one that holds a special token is cut. */
const named = (text: string, specials: readonly string[]): string =>
  specials.some((special) => text.includes(special)) ? apart(text, specials) : text;

function withoutSpecials(content: Json, specials: readonly string[]): Json {
  if (typeof content === 'string') return apart(content.replaceAll(cut, ''), specials);
  if (Array.isArray(content)) return (content as readonly Json[]).map((each) => withoutSpecials(each, specials));
  if (typeof content !== 'object' || content === null) return content;
  const entries = Object.entries(content).filter(([, value]) => (value as Json | undefined) !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [named(key, specials), withoutSpecials(value, specials)]));
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
