/** What needs Node: files. */
export { fileBytes } from './file-bytes.ts';
export { openTensorFile, siblingsOf, writeFileBy } from './open-file.ts';
