import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { withComputeOptions } from '../cli/options.ts';
import type { ComputeOptions } from '../cli/options.ts';
import { UsageError } from '../errors.ts';

/** Options of the commands that turn data, and perhaps a model, into a model. */
export interface ModelOptions extends ComputeOptions {
  readonly data: string;
  readonly output: string;
}

/** The seed of commands that were given none. */
export const defaultSeed = 7;

/** Adds the options of commands that write a model. */
export function withModelOptions(command: Command): Command {
  command
    .requiredOption('-o, --output <folder>', 'where to write the model')
    .option('--data <source>', "'mnist', or a folder with the four IDX files", 'mnist');
  return withComputeOptions(command);
}

/**
 * Makes sure that a folder holds a saved model, before anything is started.
 * @throws UsageError when it does not.
 */
export function checkModelFolder(folder: string): void {
  if (existsSync(join(folder, 'config.json'))) return;
  const problem = existsSync(folder) ? 'there is no config.json in it' : 'there is no such folder';
  throw new UsageError(`${folder}: ${problem}: give the folder of a saved model, such as runs/quickstart/searched`);
}
