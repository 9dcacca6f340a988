/** What needs Node: files. */
export { fileBytes } from '@espalier/nn/node';
export { filesOfModel } from './files-of-model.ts';
export { openModelFolder, openTensorFile, siblingsOf, writeFileBy } from './open-file.ts';
