/** A chat as the text that a model was trained on, by the template that comes with it: a program that somebody else wrote. */
import type { Json } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import {
  aBoolean,
  anObject,
  aText,
  check,
  checkOptions,
  listOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { TemplateError } from '../errors.ts';
import { putGlobals } from './globals.ts';
import { Environment, parseTemplate, type TemplateNode } from './jinja.ts';
import { LimitedInterpreter } from './limited-interpreter.ts';

/** A message of a chat: `role` and `content`, and whatever else a template knows. */
export interface ChatMessage {
  /** `system`, `user`, `assistant`, `tool`. */
  readonly role: string;
  /** A text, or parts of one as a template knows them. */
  readonly content?: Json;
  readonly [key: string]: Json | undefined;
}

/** What a template is rendered with beside the messages. */
export interface RenderOptions {
  /** Whether what begins an answer is added behind. Default: true. */
  readonly addPrompt?: boolean;
  /** Functions that the model may call, as JSON schemas. Default: none. */
  readonly tools?: Json;
  /** The day that templates ask for. Default: now. */
  readonly now?: Date;
  /** More variables: `enable_thinking`. */
  readonly variables?: { readonly [name: string]: Json };
}

/** Texts of tokens that templates know by these names. */
export interface TemplateTokens {
  readonly bos_token?: string;
  readonly eos_token?: string;
  readonly pad_token?: string;
  readonly unk_token?: string;
}

/** A template. */
export interface ChatTemplate {
  /** What it is made of. */
  readonly source: string;
  /**
   * The text of a chat.
   * @throws {TemplateError} for what the template refuses, and where it takes more than it may.
   */
  readonly render: (messages: readonly ChatMessage[], options?: RenderOptions) => string;
}

/** Characters of a template at most: the largest of many known ones has 30,000. */
const mostCharacters = 2 ** 17;

const tokenRules: OptionRules<TemplateTokens> = {
  bos_token: aText,
  eos_token: aText,
  pad_token: aText,
  unk_token: aText,
};
const optionRules: OptionRules<RenderOptions> = {
  addPrompt: aBoolean,
  tools: ruleOf<Json>('a list of functions', (value) => value === null || Array.isArray(value)),
  now: ruleOf<Date>('a date', (value) => value instanceof Date && !Number.isNaN(value.getTime())),
  variables: anObject as never,
};
/** Messages of a chat. */
export const someMessages: Rule<readonly ChatMessage[]> = listOf(
  ruleOf<ChatMessage>(
    'a message: an object with a role, which is a text',
    (value) => anObject.holds(value) && aText.holds((value as { readonly role?: unknown }).role),
  ),
);

/**
 * A template of chats, as `tokenizer_config.json` or a GGUF file have one.
 * @param tokens the texts of tokens that it names
 * @throws {TemplateError} for a text that is no template.
 *
 * @example
 * const template = chatTemplate("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}");
 * console.log(template.render([{ role: 'user', content: 'Hi' }])); // <|user|>Hi
 */
export function chatTemplate(source: string, tokens: TemplateTokens = {}, name = 'chat_template'): ChatTemplate {
  check('chatTemplate', 'the template', source, aText);
  check('chatTemplate', 'the name', name, aText);
  checkOptions('chatTemplate', tokens, tokenRules);
  if (source.length > mostCharacters)
    throw new TemplateError(name, `has ${source.length} characters; the limit is ${mostCharacters}`);
  const program = guarded(name, 'is no template', () => parseTemplate(source));
  return {
    source,
    render: (messages, options = {}) => {
      check('render', 'the messages', messages, someMessages);
      const {
        addPrompt = true,
        tools = null,
        now = new Date(),
        variables = {},
      } = checkOptions('render', options, optionRules);
      const told = { messages, add_generation_prompt: addPrompt, tools, ...tokens, ...variables };
      return rendered(program, told, now, name);
    },
  };
}

function rendered(
  program: TemplateNode,
  variables: Readonly<Record<string, unknown>>,
  now: Date,
  name: string,
): string {
  return guarded(name, 'cannot be rendered', () => {
    const environment = new Environment();
    putGlobals(environment, name, now);
    for (const [key, value] of Object.entries(variables)) environment.set(key, value);
    const { value } = new LimitedInterpreter(environment, name).run(program);
    if (typeof value === 'string') return value;
    throw new ArgumentError('render', 'the template gave no text');
  });
}

/** What the library throws are errors of any kind: of the template, of values, of too deep a nesting. */
function guarded<T>(name: string, problem: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    throw new TemplateError(name, `${problem}: ${(error as Error).message.slice(0, 400)}`);
  }
}
