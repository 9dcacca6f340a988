/** What needs Node: files. */
export { fileBytes } from './file-bytes.ts';
