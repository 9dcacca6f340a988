/**
 * Makes a file of tokens of a text that is larger than memory, in a process of its own, which may be killed: it goes on from what it has
 * remembered, and says at the end what it took. Its arguments are the text and the file of tokens.
 */
import { readFileSync } from 'node:fs';
import { createTokenizer } from '@espalier/language';
import { tokenizeTexts } from '@espalier/language/node';

/** Bytes as vocabularies of them write them. */
function byteTokens(): readonly string[] {
  let hidden = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const isVisible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(isVisible ? byte : 256 + hidden++);
  });
}

const [text = '', output = ''] = process.argv.slice(2);
const merges = ['a n', 'b e', 'c o', 'e r', 'i n', 'n e', 'o r', 'Ġ in', 'Ġ an', 'Ġ be'];
const tokens = [...byteTokens(), ...merges.map((merge) => merge.replace(' ', ''))];
const tokenizer = createTokenizer({
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
  model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
  decoder: { type: 'ByteLevel' },
});
const began = performance.now();
let resumedFrom = -1;
const told = await tokenizeTexts([text], output, tokenizer, {
  onProgress: (done) => {
    if (resumedFrom < 0) resumedFrom = done;
  },
});
const peak = Number(/^VmHWM:\s*(\d+) kB$/mu.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 'NaN') / 1024;
console.log(JSON.stringify({ ...told, peak, resumedFrom, seconds: (performance.now() - began) / 1000 }));
