// Makes of each package what is published: `npm run pack -- [packages/search …] [--into FOLDER]`. Modules stay as they were compiled, one
// for each source and readable, beside their declarations, their sources and the maps between them: names, comments and
// stack traces are whole, and bundlers take what a program uses. Each package becomes a folder and a tarball.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { build } from './build.mjs';
import { command, root } from './command.mjs';
import { absoluteLinks } from './links.mjs';
import { manifestOf, packages, staged, tarballOf, tarballs } from './published.mjs';

const sourceCondition = '@espalier/source';

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

/** What a package's folder holds that is published as it is, where it is there. */
const copied = ['bin', 'dist', 'examples', 'src', 'recipe.schema.json'];

/** Documents, published with links that lead somewhere. */
const documents = ['README.md', 'GUIDE.md'];

/**
 * Puts what is published of a package into a folder.
 *
 * @param {string} folder from the root, as in {@link packages}
 * @param {string} into a folder that is not there yet
 */
async function stage(folder, into) {
  mkdirSync(into, { recursive: true });
  const { repository } = manifestOf('');
  const here = (/** @type {string} */ name) => join(root, folder, name);
  const isPublished = (/** @type {string} */ path) => !relative(here('dist'), path).startsWith('.build');
  const files = copied.filter((name) => existsSync(here(name)));
  for (const name of files) cpSync(here(name), join(into, name), { recursive: true, filter: isPublished });
  for (const name of documents.filter((document) => existsSync(here(document)))) {
    writeFileSync(join(into, name), absoluteLinks(readFileSync(here(name), 'utf8'), folder, repository.url));
    files.push(name);
  }
  cpSync(join(root, 'LICENSE'), join(into, 'LICENSE'));
  const manifest = { ...published(manifestOf(folder)), repository: { ...repository, directory: folder }, files };
  writeFileSync(join(into, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  if (folder === 'packages/browser') await bundleForPages(into);
}

/**
 * One file for pages and workers that have no bundler: all of the libraries, nothing imported.
 *
 * @param {string} into the folder of the browser package
 */
async function bundleForPages(into) {
  const input = join(root, 'packages/browser/dist/index.js');
  const code = await rolldown({ input, platform: 'browser', external: ['webgpu', '@espalier/storage'] });
  await code.write({ file: join(into, 'dist/espalier.js'), format: 'esm', codeSplitting: false, sourcemap: true });
}

const { values, positionals } = parseArgs({ options: { into: { type: 'string' } }, allowPositionals: true });
const folders = values.into === undefined ? staged : join(resolve(values.into), 'folders');
const packed = values.into === undefined ? tarballs : resolve(values.into);

/**
 * Packs a package.
 *
 * @param {string} folder as in {@link packages}
 */
async function pack(folder) {
  const place = join(folders, folder);
  rmSync(place, { recursive: true, force: true });
  await stage(folder, place);
  const { ok, output } = await command(`npm pack --silent --pack-destination ${packed}`, place);
  if (!ok) throw new Error(`npm pack in ${place}:\n${output}`);
  const tarball = tarballOf(folder, packed);
  console.log(`${relative(process.cwd(), tarball)}: ${Math.round(statSync(tarball).size / 1000)} kB`);
}

if (!(await build())) process.exit(1);
mkdirSync(packed, { recursive: true });
for (const folder of positionals.length > 0 ? positionals : packages) await pack(folder);
