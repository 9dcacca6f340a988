// Joins the compiled modules of each package into few files for Node, which takes longer to find and link hundreds of modules
// than to run them. `npm run join` runs it alone, on what is compiled.
//
// A package's `dist/joined` holds a file for each of its entries (what it exports under the condition `node`, its program, and
// every module that another one names by `new URL('./module.js', import.meta.url)`, as threads and processes are started), and
// files of what several of them need. A module is in one file only, so that there is one of each class and registry in a
// process. Nothing is renamed or left out but comments, and maps lead to the sources.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join as joinPaths, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { root } from './command.mjs';
import { joined, packages } from './published.mjs';

/** What says of which modules the files were made. */
const memory = '.modules';

/** How a module names a file by where it lies itself. */
const beside = /new URL\('(\.[^']*)', import\.meta\.url\)/g;

/**
 * The modules of a package.
 *
 * @param {string} dist its folder `dist`
 */
const modulesOf = (dist) =>
  readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.startsWith(joined))
    .map((file) => joinPaths(dist, file))
    .toSorted();

/**
 * The file of an entry: there are no folders.
 *
 * @param {string} dist of its package
 * @param {string} module
 */
const nameOf = (dist, module) => relative(dist, module).replace(/\.js$/, '').replaceAll('/', '-');

/**
 * The modules of a package that are asked for by their place, by the names of their files.
 *
 * @param {string} dist of the package
 * @param {readonly string[]} modules all
 * @returns {Record<string, string>}
 */
function entriesOf(dist, modules) {
  const { exports = {}, bin } = JSON.parse(readFileSync(joinPaths(dist, '../package.json'), 'utf8'));
  const exported = Object.values(exports).flatMap((entry) => (entry.node ? [resolve(dist, '..', entry.default)] : []));
  const programs = bin === undefined ? [] : [joinPaths(dist, 'main.js')];
  const started = modules.flatMap((module) =>
    [...readFileSync(module, 'utf8').matchAll(beside)].map(([, path = '']) => resolve(dirname(module), path)),
  );
  const entries = [...exported, ...programs, ...started.filter((module) => modules.includes(module))];
  return Object.fromEntries(entries.map((module) => [nameOf(dist, module), module]));
}

/**
 * Reads modules with their maps, and has what they name by where they lie found from where the files lie.
 *
 * @param {string} dist of the package
 * @param {Readonly<Record<string, string>>} entries
 * @returns {import('rolldown').Plugin}
 */
const inTheirPlaces = (dist, entries) => ({
  name: 'in-their-places',
  load(module) {
    const placed = readFileSync(module, 'utf8').replaceAll(beside, (_, path) => {
      const file = resolve(dirname(module), path);
      const name = nameOf(dist, file);
      const found = entries[name] === file ? `./${name}.js` : relative(joinPaths(dist, joined), file);
      return `new URL('${found}', import.meta.url)`;
    });
    // Lines stay what they were.
    return { code: placed, map: readFileSync(`${module}.map`, 'utf8') };
  },
});

/** @param {readonly string[]} files @returns {string} what they hold, in short */
function stateOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/**
 * Joins the modules of a package, if they have changed since.
 *
 * @param {string} dist of the package
 */
export async function joinModules(dist) {
  const into = joinPaths(dist, joined);
  const modules = modulesOf(dist);
  const entries = entriesOf(dist, modules);
  const known = joinPaths(into, memory);
  const state = stateOf([fileURLToPath(import.meta.url), joinPaths(dist, '../package.json'), ...modules]);
  if (existsSync(known) && readFileSync(known, 'utf8') === state) return;
  rmSync(into, { recursive: true, force: true });
  if (Object.keys(entries).length === 0) return;
  const code = await rolldown({
    input: entries,
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [inTheirPlaces(dist, entries)],
    // What a module does when it is imported, it does here.
    treeshake: false,
    // Cycles that end in functions are broken where modules are apart.
    checks: { ineffectiveDynamicImport: false },
  });
  await code.write({
    dir: into,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[hash].js',
    sourcemap: true,
    comments: false,
    minifyInternalExports: false,
  });
  writeFileSync(known, state);
}

/** Joins the modules of every package that has changed. */
export async function join() {
  for (const folder of packages) await joinModules(`${root}${folder}/dist`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await join();
