/** @espalier/data/node: the parts of @espalier/data that need a file system. */
export { fileBytes } from './file-bytes.ts';
export { readTable } from './read-table.ts';
