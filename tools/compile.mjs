// Compiles every package: afterwards each `dist` holds what its `src` says, and nothing else. `npm run compile` runs it alone.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, root } from './command.mjs';
import { joined, packages } from './published.mjs';

/** What a source `NAME.ts` becomes, as endings of `NAME`. */
const endings = ['.js', '.js.map', '.d.ts', '.d.ts.map'];

/** Where the compiler keeps what it has compiled, in each `dist`. */
const memory = '.build';

/** @param {string} file in `dist` */
const isMemory = (file) => file.startsWith(memory);

/** @param {string} file in `dist` */
const isJoined = (file) => file.startsWith(`${joined}/`);

/**
 * All files below a folder, none if it is not there.
 *
 * @param {string} folder
 */
function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** @param {string} folder of a package */
const namesIn = (folder) => filesIn(join(folder, 'src')).map((file) => file.replace(/\.ts$/u, ''));

/**
 * Has the compiler forget what it knows of a package, so that it looks at all of it.
 *
 * @param {string} folder of the package
 */
const forget = (folder) => rmSync(join(folder, 'dist', memory), { recursive: true, force: true });

/** @param {string} file */
const savedAt = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * Whether an output is missing that was there: the compiler trusts that what it wrote stays.
 *
 * @param {string} folder of a package
 */
function lacksOutputs(folder) {
  const outputs = filesIn(join(folder, 'dist'));
  const compiled = Math.max(...outputs.filter(isMemory).map((file) => savedAt(join(folder, 'dist', file))));
  const there = new Set(outputs);
  return namesIn(folder)
    .filter((name) => endings.some((ending) => !there.has(name + ending)))
    .some((name) => savedAt(join(folder, 'src', `${name}.ts`)) < compiled);
}

/**
 * Whether something that is compiled was saved since. The compiler may have read it before, and takes whatever is older
 * than the end of its work for read.
 *
 * @param {string} folder of a package
 * @param {number} time in milliseconds
 */
function changedSince(folder, time) {
  const settings = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const files = [...filesIn(join(folder, 'src')).map((file) => join('src', file)), ...settings];
  // Clocks of file systems are behind by some milliseconds.
  return files.some((file) => savedAt(join(folder, file)) > time - 20);
}

/**
 * Removes what no source stands for any more, which the compiler leaves and packages would ship.
 *
 * @param {string} folder of a package
 */
function removeLeftOver(folder) {
  const wanted = new Set(namesIn(folder).flatMap((name) => endings.map((ending) => name + ending)));
  for (const file of filesIn(join(folder, 'dist')))
    if (!wanted.has(file) && !isMemory(file) && !isJoined(file)) rmSync(join(folder, 'dist', file), { force: true });
}

/**
 * Compiles what has changed; what is saved meanwhile is compiled as well.
 *
 * @param {object} [options]
 * @param {readonly string[]} [options.folders] of the packages
 * @param {() => Promise<{ ok: boolean, output: string }>} [options.compiler]
 */
export async function compile({
  folders = packages.map((folder) => root + folder),
  compiler = () => command('tsc -b tsconfig.build.json'),
} = {}) {
  folders.filter(lacksOutputs).forEach(forget);
  // Somebody who never stops saving has the next build do the rest.
  for (let rounds = 5; ; rounds--) {
    const start = Date.now();
    const result = await compiler();
    const changed = folders.filter((folder) => changedSince(folder, start));
    changed.forEach(forget);
    if (changed.length > 0 && rounds > 1) continue;
    folders.forEach(removeLeftOver);
    return result;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { ok, output } = await compile();
  if (!ok) console.error(output);
  process.exitCode = ok ? 0 : 1;
}
