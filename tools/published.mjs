// The packages, and where each lies as it is published. Needs nothing installed.
import { readdirSync, readFileSync } from 'node:fs';
import { root } from './command.mjs';

const foldersIn = (/** @type {string} */ parent) => readdirSync(root + parent).map((name) => `${parent}/${name}`);

/** The libraries, as folders from the root. */
export const libraries = foldersIn('packages');

/** Everything that is published: the libraries and the command line. */
export const packages = [...libraries, ...foldersIn('apps')];

/**
 * The folder that `npm run pack` makes of a package, from the root.
 *
 * @param {string} folder as in {@link packages}
 */
export const stagedFolder = (folder) => `node_modules/.cache/espalier/published/${folder}`;

/** Where `npm run pack` puts the tarballs, from the root. */
export const tarballFolder = 'dist';

/**
 * The package.json of a folder.
 *
 * @param {string} folder from the root
 * @returns {Record<string, any>}
 */
export const manifestOf = (folder) => JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'));

/**
 * The tarball of a package, from the root, named as npm names it.
 *
 * @param {string} folder as in {@link packages}
 */
export function tarballOf(folder) {
  const { name, version } = manifestOf(folder);
  return `${tarballFolder}/${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
}
