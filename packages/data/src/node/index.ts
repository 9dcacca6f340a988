/** @espalier/data/node: the parts of @espalier/data that need a file system. */
export { fileBytes } from '@espalier/nn/node';
export { readTable, readTableParts } from './read-table.ts';
export { writeTable, writtenEnding, writtenEndings, type TableFile } from './write-table.ts';
export type { ByteSink, RowWriter, WrittenColumn } from '../table/write/writer.ts';
export { readKept, writeKept } from './stream/kept-bytes.ts';
export { keptIndex, type IndexOptions, type KeptIndex } from './stream/kept-index.ts';
export { sideCsvStream, sideTokenStream, type SideOptions, type SideStream } from './stream/side-streams.ts';
export { steadyFile, type SteadyFile } from './stream/steady-file.ts';
export type { Manifest } from './images/list.ts';
export {
  readIdxPictures,
  readPictures,
  type PictureConfig,
  type PictureOptions,
  type Pictures,
} from './images/pictures.ts';
export { openGallery, openUnlabelled, type Gallery, type GalleryPicture } from './images/gallery.ts';
export {
  leastSide,
  mostSide,
  preparedPictures,
  readPicturePreparation,
  type PicturePreparation,
} from './images/prepared.ts';
export {
  galleryClasses,
  partsOf,
  surveyPictures,
  type DamagedPicture,
  type Parts,
  type PictureSurvey,
  type SurveyedClass,
  type SurveyOptions,
} from './images/survey.ts';
export { foldPictures, normalisationOf, type FoldedPictures } from './images/folds.ts';
export { pictureKind } from './images/kind.ts';
export { findTexts, isText, readTexts, type NamedText } from './texts/read-texts.ts';
