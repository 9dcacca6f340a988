// The libraries, and where each lies as it is published. Needs nothing installed.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './command.mjs';

/** The libraries, as folders from the root. */
export const libraries = readdirSync(`${root}packages`).map((name) => `packages/${name}`);

/**
 * The libraries whose declarations are made small: search promises to be below 200,000 bytes as published, and its
 * comments alone are more than a third of that.
 */
export const condensed = ['packages/search'];

/**
 * Where `npm run pack` puts what is published of a library, from the root.
 *
 * @param {string} folder
 */
export const stagedFolder = (folder) => `node_modules/.cache/espalier/${folder}`;

/**
 * The bytes of all files in a folder.
 *
 * @param {string} folder
 */
export function bytesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => statSync(join(folder, file)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}
