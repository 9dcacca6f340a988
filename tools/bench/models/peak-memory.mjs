/** Opens a language model by its file, goes on with a text by so many tokens, and prints the bytes that were resident at most. */
import { generate } from '@espalier/language';
import { openLanguageAt } from '@espalier/language/node';
import { configure } from '@espalier/tensor';

const [path, tokens] = process.argv.slice(2);
configure({ threads: 1 });
const { decoder, tokenizer } = await openLanguageAt(path, { activations: 'int8-groups', cache: 'f16' });
if (Number(tokens) > 0) {
  const ids = tokenizer.encode('The morning was cold, and the road lay white under the first snow of the year.');
  for await (const _ of generate(decoder, ids, { maxTokens: Number(tokens), temperature: 0, ends: [] })) continue;
}
console.log(process.resourceUsage().maxRSS * 1024);
