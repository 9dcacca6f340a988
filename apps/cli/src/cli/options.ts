/** Options that commands share, and the parsers of their values: a wrong one is refused before anything is started. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { keepPlans } from '@espalier/pipeline/node';
import { withPlugins } from './plugin.ts';
import type { CommonOptions } from './session.ts';

/** Options of the commands that compute something. */
export interface ComputeOptions extends CommonOptions {
  readonly device?: 'auto' | 'cpu' | 'webgpu' | 'reference';
  readonly seed?: number;
  /** Tells of the kernels that run: a file for the trace, or true. */
  readonly profile?: string | true;
}

/** The seed of commands that were given none. */
export const defaultSeed = 7;

/** A parser of whole numbers from a lowest one, to a highest one where there is such. */
export function wholeNumberFrom(lowest: number, highest: number = Infinity): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/u.test(text) && Number.isSafeInteger(number) && number >= lowest && number <= highest) return number;
    throw new InvalidArgumentError(
      `Give a whole number from ${lowest}${highest === Infinity ? '' : ` to ${highest}`}.`,
    );
  };
}

/** A parser of numbers above a bound and below another; `closed` lets the bounds themselves pass. */
export function numberBetween(low: number, high: number, closed = false): (text: string) => number {
  return (text) => {
    const number = Number(text);
    const inside = closed ? number >= low && number <= high : number > low && number < high;
    if (text.trim() !== '' && inside) return number;
    throw new InvalidArgumentError(
      `Give a number ${closed ? 'from' : 'between'} ${low} ${closed ? 'to' : 'and'} ${high}.`,
    );
  };
}

/**
 * A parser of numbers above 0.
 * @throws {InvalidArgumentError} for anything else.
 */
export function positiveNumber(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number > 0 && number < Infinity) return number;
  throw new InvalidArgumentError('Give a number above 0.');
}

/** How many bytes a unit stands for. */
const units: Readonly<Record<string, number>> = {
  '': 1,
  ...Object.fromEntries(['k', 'm', 'g', 't'].map((unit, index) => [`${unit}b`, 1000 ** (index + 1)])),
  ...Object.fromEntries(['k', 'm', 'g', 't'].map((unit, index) => [`${unit}ib`, 1024 ** (index + 1)])),
};

/**
 * A parser of sizes in bytes, such as `1GiB`, `512MiB`, `2GB` or a number.
 * @throws {InvalidArgumentError} for anything else.
 */
export function byteSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]i?b)?$/iu.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(number) * (units[unit.toLowerCase()] ?? NaN));
  if (number !== '' && bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError('Give a size, such as 1GiB or 512MiB.');
}

/** Adds --json and --quiet. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print the result, or the error, as one line of JSON on stdout')
    .option('-q, --quiet', 'no progress and no messages on stderr, errors aside');
}

/**
 * A parser of a name for a trace.
 * @throws {InvalidArgumentError} for one that does not say it is JSON: what follows the option may not be meant as its file.
 */
function traceFile(text: string): string {
  if (text.endsWith('.json')) return text;
  throw new InvalidArgumentError('Give a name that ends in .json, or let the option be the last.');
}

/** What devices, here and in workers, are told of threads by. */
export const threadsVariable = 'ESPALIER_THREADS';

/** Adds the options of commands that compute: the device, its threads, the seed, and the common ones. */
export function withComputeOptions(command: Command): Command {
  const device = new Option('--device <name>', 'where to compute (default: auto)');
  command
    .addOption(device.choices(['auto', 'cpu', 'webgpu', 'reference']))
    .addOption(
      new Option('--threads <n>', 'threads of the cpu device (default: one for each core)')
        .argParser(wholeNumberFrom(1))
        .env(threadsVariable),
    )
    .hook('preAction', (_, acting) => {
      const { threads } = acting.opts<{ readonly threads?: number }>();
      if (threads !== undefined) process.env[threadsVariable] = String(threads);
      keepPlans();
    })
    .option('--seed <n>', 'what every random choice comes from', wholeNumberFrom(0))
    .option(
      '--profile [file.json]',
      'tell which kernels run, how long, and how near to the peak of the machine; a trace of all goes into the file (default: profile.json, in the output folder or else here)',
      traceFile,
    );
  return withCommonOptions(withPlugins(command));
}

/** Examples at the end of a command's help: a command line and what it does. */
export function withExamples(command: Command, examples: readonly (readonly [string, string])[]): Command {
  const lines = examples.map(([line, meaning]) => `  $ ${line}\n      ${meaning}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
