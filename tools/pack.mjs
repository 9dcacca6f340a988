// Makes of each package what is published: `npm run pack -- [packages/search …]`. Modules stay as they were compiled, one
// for each source and readable, beside their declarations, their sources and the maps between them: names, comments and
// stack traces are whole, and bundlers take what a program uses. Each package becomes a folder and a tarball.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { build } from './build.mjs';
import { command, root } from './command.mjs';
import { absoluteLinks } from './links.mjs';
import { manifestOf, packages, stagedFolder, tarballFolder, tarballOf } from './published.mjs';

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
const copied = ['bin', 'dist', 'src'];

/** Documents, published with links that lead somewhere. */
const documents = ['README.md', 'GUIDE.md'];

/**
 * Puts what is published of a package into its folder.
 *
 * @param {string} folder from the root, as in {@link packages}
 */
async function stage(folder) {
  const staged = join(root, stagedFolder(folder));
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  const { repository } = manifestOf('');
  const here = (/** @type {string} */ name) => join(root, folder, name);
  const isPublished = (/** @type {string} */ path) => !relative(here('dist'), path).startsWith('.build');
  const files = copied.filter((name) => existsSync(here(name)));
  for (const name of files) cpSync(here(name), join(staged, name), { recursive: true, filter: isPublished });
  for (const name of documents.filter((document) => existsSync(here(document)))) {
    writeFileSync(join(staged, name), absoluteLinks(readFileSync(here(name), 'utf8'), folder, repository.url));
    files.push(name);
  }
  cpSync(join(root, 'LICENSE'), join(staged, 'LICENSE'));
  const manifest = { ...published(manifestOf(folder)), repository: { ...repository, directory: folder }, files };
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  if (folder === 'packages/browser') await bundleForPages(staged);
}

/**
 * One file for pages and workers that have no bundler: all of the libraries, nothing imported.
 *
 * @param {string} staged the folder of the browser package
 */
async function bundleForPages(staged) {
  const input = join(root, 'packages/browser/dist/index.js');
  const code = await rolldown({ input, platform: 'browser', external: ['webgpu', '@espalier/storage'] });
  await code.write({ file: join(staged, 'dist/espalier.js'), format: 'esm', codeSplitting: false, sourcemap: true });
}

/**
 * Packs the folder of a package.
 *
 * @param {string} folder as in {@link packages}
 */
async function pack(folder) {
  await stage(folder);
  const { ok, output } = await command(
    `npm pack --silent --pack-destination ${join(root, tarballFolder)}`,
    join(root, stagedFolder(folder)),
  );
  if (!ok) throw new Error(`npm pack in ${stagedFolder(folder)}:\n${output}`);
  const size = Math.round(statSync(join(root, tarballOf(folder))).size / 1000);
  console.log(`${tarballOf(folder)}: ${size} kB`);
}

if (!(await build())) process.exit(1);
mkdirSync(join(root, tarballFolder), { recursive: true });
const chosen = process.argv.slice(2);
for (const folder of chosen.length > 0 ? chosen : packages) await pack(folder);
