/** What needs Node: files. */
export { fileBytes } from '@espalier/nn/node';
export { openModelFolder, openTensorFile, siblingsOf, writeFileBy } from './open-file.ts';
