/** What needs Node: files. */
export { readTokenizer } from './read-tokenizer.ts';
