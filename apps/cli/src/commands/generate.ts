/** `espalier generate`: how a language model goes on with a text. */
import { encodeChat } from '@espalier/language';
import type { Command } from 'commander';
import { withComputeOptions, withExamples } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { allOf } from '../language/input.ts';
import {
  generateOptionsOf,
  languageModelArgument,
  withLanguageOptions,
  type LanguageOptions,
} from '../language/options.ts';
import { checkInterrupted, logSpeed, openSpeaker, speak, type Speaker } from '../language/speak.ts';

interface GenerateCommandOptions extends LanguageOptions {
  readonly prompt?: string;
  readonly chat?: boolean;
  readonly system?: string;
}

/** Adds `espalier generate`. */
export function addGenerateCommand(program: Command, environment: Environment): void {
  const command = program
    .command('generate')
    .description('have a language model go on with a text, written as it comes')
    .argument('<model>', languageModelArgument)
    .option('-p, --prompt <text>', 'the text to go on with (default: what is on stdin)')
    .option('--chat', 'answer the text, by the template of the model, rather than go on with it')
    .option('--system <text>', 'with --chat: how to answer');
  withExamples(withComputeOptions(withLanguageOptions(command)), [
    ["espalier generate model.gguf --prompt 'Once upon a time'", 'how it goes on'],
    ["espalier generate model.gguf --chat --prompt 'What is gravity?' --temperature 0", 'the likeliest answer'],
    ['espalier generate model.gguf --chat --json < question.txt', 'the answer to a file, as JSON'],
  ]).action(async (name: string, options: GenerateCommandOptions) => {
    const session = openSession(environment, options);
    const text = options.prompt ?? (await allOf(session.stdin));
    if (text === '') throw new UsageError('--prompt: there is no text, nor is one on stdin: give one to go on with');
    const speaker = await openSpeaker(session, name, generateOptionsOf(options), options);
    const prompt = promptOf(speaker, text, options);
    const { json = false } = options;
    const spoken = await speak(session, speaker, prompt, (piece) => void (json || session.stdout.write(piece)));
    if (json) session.result({ prompt: prompt.length, ...spoken }, () => spoken.text);
    else session.stdout.write('\n');
    logSpeed(session, prompt, spoken);
    checkInterrupted(spoken);
  });
}

/** @throws {UsageError} for a chat with a model that has no template. */
function promptOf(
  { model: { tokenizer, template } }: Speaker,
  text: string,
  { chat = false, system }: GenerateCommandOptions,
): Int32Array {
  if (!chat) return tokenizer.encode(text);
  if (!template) throw new UsageError('--chat: the model has no template of chats: leave --chat out');
  const before = system === undefined ? [] : [{ role: 'system', content: system }];
  return encodeChat(tokenizer, template, [...before, { role: 'user', content: text }]);
}
