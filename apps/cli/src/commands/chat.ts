/** `espalier chat`: a talk with a language model. */
import { encodeChat, type ChatMessage } from '@espalier/language';
import type { Command } from 'commander';
import { withComputeOptions, withExamples } from '../cli/options.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { InterruptedError, UsageError } from '../errors.ts';
import { linesOf } from '../language/input.ts';
import {
  generateOptionsOf,
  languageModelArgument,
  withLanguageOptions,
  type LanguageOptions,
} from '../language/options.ts';
import { checkInterrupted, logSpeed, openSpeaker, speak } from '../language/speak.ts';

interface ChatCommandOptions extends LanguageOptions {
  readonly system?: string;
}

/** Adds `espalier chat`. */
export function addChatCommand(program: Command, environment: Environment): void {
  const command = program
    .command('chat')
    .description('talk with a language model: each line on stdin is a message, what is written is the answer')
    .argument('<model>', languageModelArgument)
    .option('--system <text>', 'how to answer');
  withExamples(withComputeOptions(withLanguageOptions(command)), [
    ['espalier chat model.gguf', 'a talk at the terminal; Ctrl-D ends it'],
    ["echo 'What is gravity?' | espalier chat model.gguf --temperature 0 -q", 'one answer, and nothing else'],
    ['espalier chat model.gguf --json < messages.txt', 'a JSON object an answer'],
  ]).action(async (name: string, options: ChatCommandOptions) => {
    const session = openSession(environment, options);
    const { model, options: generation } = await openSpeaker(session, name, generateOptionsOf(options), options);
    const { tokenizer, template } = model;
    if (!template) throw new UsageError(`${name}: has no template of chats: use espalier generate`);
    const { system, json = false } = options;
    const messages: ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
    for await (const line of linesOf(session)) {
      if (line.trim() === '') continue;
      messages.push({ role: 'user', content: line });
      const prompt = encodeChat(tokenizer, template, messages);
      const speaker = { model, options: { ...generation, reuse: true } };
      const spoken = await speak(session, speaker, prompt, (piece) => void (json || session.stdout.write(piece)));
      if (json) session.result({ prompt: prompt.length, ...spoken }, () => spoken.text);
      else session.stdout.write('\n');
      logSpeed(session, prompt, spoken);
      checkInterrupted(spoken);
      messages.push({ role: 'assistant', content: spoken.text });
    }
    if (session.interrupt.aborted) throw new InterruptedError();
  });
}
