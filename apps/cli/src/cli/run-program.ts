import { CommanderError } from 'commander';
import { exitCodes, reportOf } from '../errors.ts';
import type { ExitCode } from '../errors.ts';
import { style } from '../terminal/terminal.ts';
import { createProgram } from './program.ts';
import type { Environment } from './session.ts';

/** The problem that commander found, as a line of ours: `error: unknown option '--x'\n(Did you mean --y?)`. */
function usageProblem({ message }: CommanderError): string {
  return message.replace(/^error: /u, '').replaceAll(/\s*\n\s*/gu, ' ');
}

/** Runs a command line to its end and gives what the process is to exit with. Prints every error, throws none. */
export async function runProgram(args: readonly string[], environment: Environment): Promise<ExitCode> {
  const complain = (text: string): void => {
    environment.stderr.write(`${style('red', 'espalier:', environment.stderr)} ${text}\n`);
  };
  try {
    await createProgram(environment).parseAsync(args, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      // With no command at all commander has shown the help already.
      if (error.code !== 'commander.help') complain(`${usageProblem(error)}; see espalier --help`);
      return exitCodes.usage;
    }
    const { message, code, internal } = reportOf(error);
    complain(message);
    if (internal && process.env['ESPALIER_DEBUG'] !== undefined && error instanceof Error) {
      environment.stderr.write(`${error.stack ?? ''}\n`);
    }
    return code;
  }
}
