// The libraries, and where each lies as it is published. Needs nothing installed.
import { readdirSync } from 'node:fs';
import { root } from './command.mjs';

/** The libraries, as folders from the root. */
export const libraries = readdirSync(`${root}packages`).map((name) => `packages/${name}`);

/**
 * Where `npm run pack` puts what is published of a library, from the root.
 *
 * @param {string} folder
 */
export const stagedFolder = (folder) => `node_modules/.cache/espalier/${folder}`;
