/** Modules of the user's that make known what models and recipes name: `--plugin`. */
import { Console } from 'node:console';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as nn from '@espalier/nn';
import * as optimize from '@espalier/optimize';
import * as nnArguments from '@espalier/nn/arguments';
import * as nnNode from '@espalier/nn/node';
import * as optimizeNode from '@espalier/optimize/node';
import * as pipeline from '@espalier/pipeline';
import * as pipelineNode from '@espalier/pipeline/node';
import * as search from '@espalier/search';
import * as storage from '@espalier/storage';
import * as tensor from '@espalier/tensor';
import * as tensorArguments from '@espalier/tensor/arguments';
import type { Command } from 'commander';
import { UsageError, whyNotLoaded } from '../errors.ts';

const flag = '--plugin';

/** What plugins import of these is what the command line itself works with, wherever they lie: they register there. */
const shared = {
  '@espalier/nn': nn,
  '@espalier/nn/arguments': nnArguments,
  '@espalier/nn/node': nnNode,
  '@espalier/optimize': optimize,
  '@espalier/optimize/node': optimizeNode,
  '@espalier/pipeline': pipeline,
  '@espalier/pipeline/node': pipelineNode,
  '@espalier/search': search,
  '@espalier/storage': storage,
  '@espalier/tensor': tensor,
  '@espalier/tensor/arguments': tensorArguments,
};

/** Adds `--plugin`: for the help, since its modules are loaded before the command line is parsed, whose choices they add to. */
export function withPlugins(command: Command): Command {
  return command.option(
    `${flag} <module>`,
    'load a module of yours that registers layers, losses, formats, storages, …; again for another',
  );
}

/** The files of the plugins that a command line names for a command that takes them, each once and as it was written. */
export function pluginsOf({ options }: Command, args: readonly string[]): readonly string[] {
  if (!options.some(({ long }) => long === flag)) return [];
  const end = args.indexOf('--');
  const files = args.slice(0, end < 0 ? args.length : end).flatMap((arg, place, all) => {
    if (arg.startsWith(`${flag}=`)) return [arg.slice(flag.length + 1)];
    return arg === flag ? all.slice(place + 1, place + 2) : [];
  });
  return [...new Map(files.map((file) => [resolve(file), file])).values()];
}

/**
 * Runs a module, in JavaScript or TypeScript. What it prints, then and whenever it is called, goes to stderr: stdout is the
 * result's, which programs read.
 * @throws {UsageError} when it cannot be loaded.
 */
export async function loadPlugin(file: string): Promise<void> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`${file}: there is no such file: check the path`);
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  try {
    const { createJiti } = await import('jiti');
    await createJiti(import.meta.url, { fsCache: false, tryNative: false, virtualModules: shared }).import(path);
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${whyNotLoaded(error)}`);
  }
}

/** The flags that load plugins again, for a command to go on and for child processes. */
export function pluginFlags(plugins: readonly string[]): readonly string[] {
  return plugins.flatMap((file) => [flag, file]);
}

/** What a worker imports to have a plugin. */
export function pluginModule(file: string): string {
  const entry = new URL('./worker-plugin.js', import.meta.url);
  entry.searchParams.set('file', resolve(file));
  return entry.href;
}
