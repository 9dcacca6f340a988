/** What needs Node: files. */
export { fileBytes } from './file-bytes.ts';
export { openModelFolder, openTensorFile, siblingsOf, writeFileBy } from './open-file.ts';
