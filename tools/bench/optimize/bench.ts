/** What rows share: seeds, and a folder in which whatever took long to find is kept. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Json, Module } from '@espalier/nn';
import { loadOptimized, saveOptimized } from '@espalier/optimize/node';

/** The surroundings of a measurement. */
export interface Bench {
  readonly seeds: readonly number[];
  /** What was found under a name before, or what `find` finds now. Names are paths of the folder. */
  readonly kept: <T extends Json>(name: string, find: () => Promise<T>) => Promise<T>;
  /** The same for a model. */
  readonly keptModel: (name: string, make: () => Promise<Module>) => Promise<Module>;
  /** The path of a name, for what keeps itself. */
  readonly folder: (name: string) => string;
  readonly say: (line: string) => void;
}

/** Whatever is kept lies in a folder; a measurement that was interrupted goes on behind what is there. */
export function benchIn(folder: string, seeds: readonly number[]): Bench {
  const say = (line: string): void => console.error(`  ${line}`);
  return {
    seeds,
    say,
    folder: (name) => join(folder, name),
    kept: async (name, find) => {
      const path = join(folder, `${name}.json`);
      if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as never;
      const start = performance.now();
      const found = await find();
      say(`${name}: ${JSON.stringify(found)} (${((performance.now() - start) / 1000).toFixed(0)} s)`);
      writeWhole(path, `${JSON.stringify(found)}\n`);
      return found;
    },
    keptModel: async (name, make) => {
      const path = join(folder, name);
      if (!existsSync(join(path, 'config.json'))) await saveOptimized(path, await make());
      return (await loadOptimized(path)).model;
    },
  };
}

/** Writes a file so that it is there whole or not at all. */
export function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.part`;
  writeFileSync(part, text);
  renameSync(part, path);
}
