/** What a command speaks through: results on stdout and all else on stderr, so that a program can read the one. */
import { createProgress, type Progress } from '../terminal/progress.ts';
import type { Output } from '../terminal/terminal.ts';
import { jsonLine, printable } from '../terminal/visible.ts';
import type { ExitCode } from '../errors.ts';
import type { Interrupt } from './interrupt.ts';
import { Profiling, type ProfilingOptions } from '../profiling/profiling.ts';

/** What is read from: a stream of the process, or what a test puts in its place. */
export interface Input extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
}

/** Where the program runs: its streams, and the wish to stop. */
export interface Environment {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly interrupt: Interrupt;
  /** Default: that of the process. */
  readonly stdin?: Input;
  /** The files of the plugins that are loaded, as they were named. Default: none. */
  readonly plugins?: readonly string[];
  /** Told what the process is to exit with, where a command comes to its end and that is no success. Default: nobody. */
  readonly endWith?: (code: ExitCode) => void;
}

/** The options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** One command's way of speaking: results on stdout, everything else on stderr. */
export interface Session extends Required<Environment> {
  readonly progress: Progress;
  /** What is told of kernels, where that is asked for. */
  readonly profiling: Profiling | undefined;
  /** Says something on stderr, unless it is to be quiet. */
  log(text: string): void;
  /** Prints the result: the value as one line of JSON under --json, else the text. */
  result(value: unknown, text: () => string): void;
}

/** Opens a session with a command's options. */
export function openSession(environment: Environment, options: CommonOptions & ProfilingOptions): Session {
  const { json = false, quiet = false } = options;
  const { stdout, stderr, interrupt, stdin, plugins = [], endWith = () => undefined } = environment;
  const progress = createProgress({ stream: stderr, quiet });
  const profiling = options.profile === undefined ? undefined : new Profiling(options);
  const whole = (value: unknown): unknown => (profiling ? { ...(value as object), ...profiling.told } : value);
  return {
    // Only who reads opens it.
    get stdin() {
      return stdin ?? process.stdin;
    },
    stdout,
    stderr,
    interrupt,
    plugins,
    endWith,
    progress,
    profiling,
    log: (text) => progress.line(text),
    result: (value, text) => void stdout.write(`${json ? jsonLine(whole(value)) : printable(text(), stdout)}\n`),
  };
}
