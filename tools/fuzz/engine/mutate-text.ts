/** Mutations of text, token by token and line by line. */
import { deep, many, names, numbers } from './dictionary.ts';
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

type Mutation = (text: string, random: Random, words: readonly string[]) => string;

interface Token {
  readonly text: string;
  readonly start: number;
}

/** The texts in quotes, numbers, words and signs of a text. */
function tokensOf(text: string): readonly Token[] {
  const form = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e[-+]?\d+)?|\w+|[^\s\w]/giu;
  return [...text.slice(0, 20_000).matchAll(form)].map((match) => ({ text: match[0], start: match.index }));
}

/** A text with one token replaced. */
function withToken(text: string, random: Random, replace: (token: Token) => string): string {
  const all = tokensOf(text);
  if (all.length === 0) return text;
  const token = random.pick(all);
  return text.slice(0, token.start) + replace(token) + text.slice(token.start + token.text.length);
}

const lines = (text: string): string[] => text.split('\n');

const mutations: readonly Mutation[] = [
  (text, random) => withToken(text, random, () => String(random.pick(numbers))),
  (text, random) => withToken(text, random, () => random.pick(names)),
  (text, random, words) =>
    withToken(text, random, ({ text: token }) => (words.length > 0 ? random.pick(words) : token)),
  (text, random) => withToken(text, random, () => random.pick(['null', '[]', '{}', '~', 'NaN', '.inf', '""', '-'])),
  (text, random) => withToken(text, random, () => ''),
  (text, random) => withToken(text, random, ({ text: token }) => `${token} ${token}`),
  (text, random) => withToken(text, random, () => random.pick(tokensOf(text)).text),
  // Lines in another order, twice, or further in.
  (text, random) => {
    const all = lines(text);
    const [a, b] = [random.below(all.length), random.below(all.length)];
    [all[a], all[b]] = [all[b] ?? '', all[a] ?? ''];
    return all.join('\n');
  },
  (text, random) => {
    const all = lines(text);
    all.splice(random.below(all.length), 0, random.pick(all));
    return all.join('\n');
  },
  (text, random) => {
    const all = lines(text);
    const at = random.below(all.length);
    all[at] = `${' '.repeat(1 + random.below(4))}${all[at] ?? ''}`;
    return all.join('\n');
  },
  (text, random) => Buffer.from(mutateBytes(Buffer.from(text), random)).toString('latin1'),
];

/** What asks for more time or memory than it takes to write; rare, for it takes time to read. */
const giants: readonly Mutation[] = [
  (text, random) => withToken(text, random, () => '['.repeat(deep) + ']'.repeat(deep)),
  (text, random) => withToken(text, random, () => '{"a":'.repeat(deep) + '1' + '}'.repeat(deep)),
  (text, random) =>
    withToken(text, random, () => `{${Array.from({ length: many }, (_, key) => `"k${key}":1`).join()}}`),
  (text, random) => withToken(text, random, () => `[${Array.from({ length: many }, (_, item) => item).join()}]`),
  (text, random) => withToken(text, random, () => 'x'.repeat(1_000_000)),
];

/** A text with a few of its tokens and lines changed. */
export function mutateText(input: Uint8Array, random: Random, words: readonly string[] = []): Uint8Array {
  let text = Buffer.from(input).toString();
  if (random.chance(0.02)) text = random.pick(giants)(text, random, words);
  else for (let count = 1 + random.below(3); count > 0; count -= 1) text = random.pick(mutations)(text, random, words);
  return Buffer.from(text);
}
