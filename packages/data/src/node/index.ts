/** @espalier/data/node: the parts of @espalier/data that need a file system. */
export { fileBytes } from '@espalier/nn/node';
export { readTable } from './read-table.ts';
export type { Manifest } from './images/list.ts';
export {
  readIdxPictures,
  readPictures,
  type PictureConfig,
  type PictureOptions,
  type Pictures,
} from './images/pictures.ts';
