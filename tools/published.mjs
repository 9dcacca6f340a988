// The packages, and where each lies as it is published. Needs nothing installed.
import { readdirSync, readFileSync } from 'node:fs';
import { root } from './command.mjs';

const foldersIn = (/** @type {string} */ parent) => readdirSync(root + parent).map((name) => `${parent}/${name}`);

/** The libraries, as folders from the root. */
export const libraries = foldersIn('packages');

/** The folder in each `dist` that holds its modules joined. */
export const joined = 'joined';

/** Everything that is published: the libraries and the command line. The page of chats is served from a checkout. */
export const packages = [...libraries, 'apps/cli'];

/**
 * The package.json of a folder.
 *
 * @param {string} folder from the root
 * @returns {Record<string, any>}
 */
export const manifestOf = (folder) => JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'));

/** Where `npm run pack` puts the tarballs. */
export const tarballs = `${root}dist`;

/** Where `npm run pack` puts the folders that are in them. */
export const staged = `${root}node_modules/.cache/espalier/published`;

/**
 * The tarball of a package.
 *
 * @param {string} folder as in {@link packages}
 * @param {string} [into] where the tarballs are
 */
export function tarballOf(folder, into = tarballs) {
  const { name, version } = manifestOf(folder);
  return `${into}/${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
}
