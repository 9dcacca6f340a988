/**
 * How the texts of a GGUF file are cut into words, by the name that its `tokenizer.ggml.pre` says. Each is a list of
 * patterns: what one of them has cut, the next one cuts further. Sources: the tokenizers of the models that are named.
 */

/** A split. */
export interface GgufSplit {
  readonly patterns: readonly string[];
  /** Whether a word that is a token is not put together of others first. */
  readonly wholeWords?: boolean;
  /** Whether a text begins with a token unless the file says otherwise. */
  readonly begins?: boolean;
}

const contractions = `'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]`;
const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const modern = (digits: string, letters = String.raw`\p{L}`): string =>
  String.raw`(?:${contractions})|[^\r\n\p{L}\p{N}]?${letters === String.raw`\p{L}` ? letters : `[${letters}]`}+|${digits}| ?[^\s${letters}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const digit = String.raw`\p{N}`;
const upper = String.raw`\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}`;
const lower = String.raw`\p{Ll}\p{Lm}\p{Lo}\p{M}`;
const o200k = String.raw`[^\r\n\p{L}\p{N}]?[${upper}]*[${lower}]+(?:${contractions})?|[^\r\n\p{L}\p{N}]?[${upper}]+[${lower}]*(?:${contractions})?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const tekken = String.raw`[^\r\n\p{L}\p{N}]?[${upper}]*[${lower}]+|[^\r\n\p{L}\p{N}]?[${upper}]+[${lower}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const asGpt2: GgufSplit = { patterns: [gpt2] };
const digitsFirst: GgufSplit = { patterns: [digit, gpt2] };
const asLlama3: GgufSplit = { patterns: [modern(String.raw`\p{N}{1,3}`)], wholeWords: true, begins: true };
const asQwen2: GgufSplit = { patterns: [modern(digit)] };

/** All that are known, by their names. */
export const ggufSplits: ReadonlyMap<string, GgufSplit> = new Map([
  ['default', { patterns: [String.raw`[\p{P}\$\+<=>\^~\|]+`, gpt2, '[0-9][0-9][0-9]'] }],
  ['falcon', { patterns: [String.raw`[\p{P}\$\+<=>\^~\|${'`'}]+`, gpt2, '[0-9][0-9][0-9]'] }],
  ['gpt-4o', { patterns: [o200k] }],
  ['qwen35', { patterns: [modern(digit, String.raw`\p{L}\p{M}`)] }],
  ['tekken', { patterns: [tekken], wholeWords: true, begins: true }],
  ...['gpt-2', 'gpt2', 'mpt', 'olmo', 'dbrx-gpt2', 'jais', 'phi-2', 'roberta-bpe', 'trillion', 'gigachat'].map(
    (name) => [name, asGpt2] as const,
  ),
  ...['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'].map(
    (name) => [name, digitsFirst] as const,
  ),
  ...['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'pixtral'].map((name) => [name, asLlama3] as const),
  ...['qwen2', 'stablelm2', 'hunyuan', 'deepseek-r1-qwen'].map((name) => [name, asQwen2] as const),
  ['dbrx', { patterns: [modern(String.raw`\p{N}{1,3}`)] }],
  ['smaug-bpe', { patterns: [modern(String.raw`\p{N}{1,3}`)] }],
]);
