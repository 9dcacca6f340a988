/** What needs Node: files. */
export { findModel, type ModelPlace } from './find-model.ts';
export { openLanguageAt } from './open-language-at.ts';
