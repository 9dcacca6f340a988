/** What needs Node: files. */
export { findModel, type ModelPlace } from './find-model.ts';
export { openLanguageAt, openTextModelAt } from './open-language-at.ts';
export { openTokenizerAt } from './open-tokenizer-at.ts';
export { readTextParts } from './read-text-parts.ts';
export { tokenizeTexts, typeOfTokens, type TokenizedTexts, type TokenizeTextsOptions } from './tokenize-texts.ts';
export { partFolder } from './part-folder.ts';
