/** Runs one command line: the only place where errors become output, and output an exit code. */
import { suggestion } from '@espalier/pipeline';
import { CommanderError, type Command } from 'commander';
import { UsageError, exitCodes, reportOf, type ExitCode } from '../errors.ts';
import { style, type Output } from '../terminal/terminal.ts';
import { jsonLine, messageLine, visible, visibleLine } from '../terminal/visible.ts';
import { loadPlugin, pluginsOf } from './plugin.ts';
import { createProgram } from './program.ts';
import type { Environment } from './session.ts';

/** The problem that commander found, as a line of ours: `error: unknown option '--x'\n(Did you mean --y?)`. */
function usageProblem({ message }: CommanderError): string {
  const line = message.replace(/^error: /u, '').replaceAll(/\s*\n\s*/gu, ' ');
  const [, option, word = '', choices] =
    /^(.*) argument '(.*)' is invalid\. Allowed choices are (.*)\.$/u.exec(line) ?? [];
  if (choices === undefined) return line.replace(/\.$/u, '');
  return `${option}: there is no '${word}': ${suggestion(word, choices.split(', '))}`;
}

/** The command that a command line runs, with its name, such as `espalier study run`. */
function commandOf(program: Command, args: readonly string[]): readonly [Command, string] {
  let [command, name] = [program, program.name()];
  for (const arg of args) {
    const next = command.commands.find((each) => each.name() === arg);
    if (next === undefined) break;
    [command, name] = [next, `${name} ${arg}`];
  }
  return [command, name];
}

/**
 * Prints an error as one line, and gives what the process is to exit with.
 * @param json where it is told to programs too, as one line of JSON with its code
 * @param plugins modules of the user's that ran too
 */
export function complain(error: unknown, stderr: Output, json?: Output, plugins: readonly string[] = []): ExitCode {
  const { message, code, exitCode, internal } = reportOf(error, plugins);
  // A command to go on is of use only as a whole.
  const line = exitCode === exitCodes.interrupted ? visibleLine(message) : messageLine(message);
  json?.write(`${jsonLine({ error: { code, message: line } })}\n`);
  stderr.write(`${style('red', 'espalier:', stderr)} ${line}\n`);
  if (process.env['ESPALIER_DEBUG'] !== undefined && error instanceof Error) {
    const { cause } = error;
    if (internal || cause instanceof Error)
      stderr.write(`${visible((cause instanceof Error ? cause : error).stack ?? '')}\n`);
  }
  return exitCode;
}

/** Whether a command line asks for JSON, be it right or not otherwise. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? undefined : end).includes('--json');
}

/** Runs a command line to its end and gives what the process is to exit with. Prints every error, throws none. */
export async function runProgram(args: readonly string[], environment: Environment): Promise<ExitCode> {
  let ending: ExitCode = exitCodes.ok;
  const own: Environment = { ...environment, endWith: (code) => void (ending = code) };
  let program = createProgram(own);
  let plugins: readonly string[] = [];
  const json = asksForJson(args) ? environment.stdout : undefined;
  const help = (): string => `see ${commandOf(program, args)[1]} --help`;
  try {
    // Such as a variable of a script that was not set; nothing here is named by an empty text.
    if (args.includes('')) {
      throw new UsageError(`an argument is empty: name what is meant, or leave it out; ${help()}`);
    }
    plugins = pluginsOf(commandOf(program, args)[0], args);
    for (const plugin of plugins) await loadPlugin(plugin);
    // What they registered is among the choices now.
    if (plugins.length > 0) program = createProgram({ ...own, plugins });
    await program.parseAsync(args, { from: 'user' });
    return ending;
  } catch (error) {
    if (!(error instanceof CommanderError)) return complain(error, environment.stderr, json, plugins);
    if (error.exitCode === 0) return exitCodes.ok;
    // With no command at all commander has shown the help already.
    if (error.code !== 'commander.help') {
      const problem = `${usageProblem(error)}; ${help()}`;
      complain(new UsageError(problem), environment.stderr, json);
    }
    return exitCodes.usage;
  }
}
