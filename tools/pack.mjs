// Makes of each library what is published: `npm run pack -- [packages/search …]`. Modules and declarations are bundled,
// so that a package is a few small files rather than hundreds beside their maps. `npm publish FOLDER` sends it off.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import { root } from './command.mjs';
import { condenseDeclarations } from './condense-declarations.mjs';
import { bytesIn, condensed, libraries, stagedFolder } from './published.mjs';

const sourceCondition = '@espalier/source';

/**
 * Whatever a package exports, and the threads that it starts from files of their own.
 *
 * @param {string} folder
 * @param {Record<string, any>} manifest
 * @returns {{ exported: Record<string, string>, threads: Record<string, string> }} sources by the name of what they become
 */
function entriesOf(folder, manifest) {
  const nameOf = (/** @type {string} */ source) => source.replace(/^(?:\.\/)?src\//, '').replace(/\.ts$/, '');
  const sources = Object.values(manifest['exports']).flatMap((entry) => entry[sourceCondition] ?? []);
  const threads = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('-thread.ts'))
    .map((file) => `src/${file}`);
  const named = (/** @type {readonly string[]} */ files) =>
    Object.fromEntries(files.map((file) => [nameOf(file), file]));
  return { exported: named(sources), threads: named(threads) };
}

/** What only the workspace understands of a manifest. */
const workspaceOnly = new Set(['private', 'scripts', 'devDependencies', sourceCondition]);

/**
 * An object without what only the workspace understands.
 *
 * @param {Record<string, unknown>} object
 * @returns {Record<string, unknown>}
 */
function published(object) {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) => {
      if (workspaceOnly.has(name)) return [];
      const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
      return [[name, nested ? published(/** @type {Record<string, unknown>} */ (value)) : value]];
    }),
  );
}

/**
 * Packs one library.
 *
 * @param {string} folder from the root, as in {@link libraries}
 */
async function pack(folder) {
  const staged = join(root, stagedFolder(folder));
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const { exported, threads } = entriesOf(folder, manifest);
  // Only a package's own files are bundled.
  const common = { cwd: join(root, folder), external: (/** @type {string} */ id) => !/^(?:[./]|src\/)/.test(id) };
  const output = /** @type {const} */ ({
    dir: join(staged, 'dist'),
    format: 'esm',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  const code = await rolldown({ ...common, input: { ...exported, ...threads }, platform: 'neutral' });
  await code.write({ ...output, minify: true, comments: false });
  const types = await rolldown({ ...common, input: exported, plugins: [dts({ oxc: true, emitDtsOnly: true })] });
  await types.write(output);
  if (condensed.includes(folder)) {
    for (const name of Object.keys(exported)) {
      const file = join(staged, `dist/${name}.d.ts`);
      writeFileSync(file, condenseDeclarations(readFileSync(file, 'utf8')));
    }
  }
  writeFileSync(
    join(staged, 'package.json'),
    `${JSON.stringify({ ...published(manifest), files: ['dist'] }, null, 2)}\n`,
  );
  copyFileSync(join(root, folder, 'README.md'), join(staged, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(staged, 'LICENSE'));
}

const chosen = process.argv.slice(2);
for (const folder of chosen.length > 0 ? chosen : libraries) {
  await pack(folder);
  console.log(
    `${folder}: ${Math.round(bytesIn(join(root, stagedFolder(folder))) / 1000)} kB in ${stagedFolder(folder)}`,
  );
}
