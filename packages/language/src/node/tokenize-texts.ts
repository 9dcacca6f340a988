/**
 * Files of text, of any size, as a file of tokens: a part after the other, each of which is written whole before it is remembered that it is
 * there. Who is interrupted goes on behind the last one, to the same bytes.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { open, readFile, truncate, type FileHandle } from 'node:fs/promises';
import { FormatError, throwIfAborted, type AbortSignalLike } from '@espalier/nn';
import { writeFileAtomic } from '@espalier/nn/node';
import { ArgumentError } from '@espalier/tensor';
import { aPositiveInteger, check } from '@espalier/tensor/arguments';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** How texts are written as tokens. */
export interface TokenizeTextsOptions {
  /** Bytes of text that are made tokens of at once, about. Default: 512 KiB. */
  readonly partBytes?: number;
  readonly signal?: AbortSignalLike;
  /** Told after each part: bytes of text so far, of so many, and tokens. */
  readonly onProgress?: (done: number, of: number, tokens: number) => void;
}

/** What was written. */
export interface TokenizedTexts {
  readonly tokens: number;
  readonly textBytes: number;
  /** How a token is written, little-endian. */
  readonly type: 'u16' | 'u32';
}

/** What is remembered beside the file until it is whole. */
interface Progress {
  /** What it is made of: other texts begin anew. */
  readonly of: string;
  readonly text: number;
  /** Bytes of that text that are done, and of the file of tokens that are written. */
  readonly offset: number;
  readonly written: number;
}

const usualPart = 2 ** 19;
/** A line that is longer than so many parts is cut wherever a character ends. */
const longestLine = 4;

const [lineFeed, space] = [10, 32];

/** How tokens of a vocabulary are written. */
export function typeOfTokens({ size }: Tokenizer): 'u16' | 'u32' {
  return size <= 2 ** 16 ? 'u16' : 'u32';
}

/**
 * Writes the ids of texts one behind the other, each text followed by the token that ends one where the vocabulary has such a token. Texts
 * are cut into parts behind the end of a line that a letter or sign follows.
 * @throws {FormatError} with the place, for bytes that are no text in UTF-8.
 * @throws {ArgumentError} for no text at all.
 */
export async function tokenizeTexts(
  paths: readonly string[],
  output: string,
  tokenizer: Tokenizer,
  options: TokenizeTextsOptions = {},
): Promise<TokenizedTexts> {
  const { partBytes = usualPart, signal, onProgress } = options;
  check('tokenizeTexts', 'partBytes', partBytes, aPositiveInteger);
  const sizes = paths.map((path) => statSync(path).size);
  const textBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (textBytes === 0) throw new ArgumentError('tokenizeTexts', 'got no text; name files that are not empty');
  const type = typeOfTokens(tokenizer);
  const Ids = type === 'u16' ? Uint16Array : Uint32Array;
  const of = JSON.stringify([paths.map((path) => [path, statSync(path).size, statSync(path).mtimeMs]), tokenizer.size]);
  const remembered = `${output}.progress`;
  let { text, offset, written } = await progressOf(remembered, output, of);
  await truncate(output, written);
  const file = await open(output, 'r+');
  try {
    const put = async (ids: readonly number[] | Int32Array): Promise<void> => {
      const bytes = Buffer.from(Ids.from(ids).buffer);
      await writeAll(file, bytes, written);
      written += bytes.length;
    };
    const tokensIn = (): number => written / Ids.BYTES_PER_ELEMENT;
    const before = (): number => sizes.slice(0, text).reduce((sum, size) => sum + size, 0);
    for (const [place, path] of paths.entries()) {
      if (place < text) continue;
      if (place > text) [text, offset] = [place, 0];
      for await (const part of partsOf(path, offset, partBytes)) {
        throwIfAborted(signal);
        await put(tokenizer.encode(textOf(path, offset, part), { frame: false }));
        offset += part.length;
        const [end] = tokenizer.specials.ends;
        if (offset === sizes[text] && end !== undefined) await put([end]);
        await file.datasync();
        await writeFileAtomic(remembered, JSON.stringify({ of, text, offset, written } satisfies Progress));
        onProgress?.(before() + offset, textBytes, tokensIn());
      }
    }
    return { tokens: tokensIn(), textBytes, type };
  } finally {
    await file.close();
  }
}

/** What is there already of the same texts; nothing else stays. */
async function progressOf(remembered: string, output: string, of: string): Promise<Progress> {
  const none: Progress = { of, text: 0, offset: 0, written: 0 };
  if (existsSync(remembered) && existsSync(output)) {
    const found = await readProgress(remembered);
    if (found?.of === of && statSync(output).size >= found.written) return found;
  }
  await (await open(output, 'w')).close();
  return none;
}

/** Nothing, of a file that is damaged: all is begun anew then. */
async function readProgress(path: string): Promise<Progress | undefined> {
  try {
    const found = JSON.parse(await readFile(path, 'utf8')) as Partial<Progress> | null;
    const isSound = [found?.text, found?.offset, found?.written].every((each) => Number.isSafeInteger(each));
    return isSound ? (found as Progress) : undefined;
  } catch {
    return undefined;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** The bytes of a text from a place on, a part after the other. */
async function* partsOf(path: string, start: number, partBytes: number): AsyncGenerator<Buffer, void> {
  let waiting = Buffer.alloc(0);
  for await (const bytes of createReadStream(path, { start, highWaterMark: partBytes }) as AsyncIterable<Buffer>) {
    waiting = Buffer.concat([waiting, bytes]);
    while (waiting.length > partBytes) {
      const end = endOfPart(waiting, partBytes);
      if (end === undefined) break;
      yield waiting.subarray(0, end);
      waiting = waiting.subarray(end);
    }
  }
  if (waiting.length > 0) yield waiting;
}

/** Behind the end of a line that no white space follows, from a place on; of a line that is too long, behind a character. */
function endOfPart(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(lineFeed, from - 1); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) break;
    if (next > space) return at + 1;
  }
  if (bytes.length < longestLine * from) return undefined;
  let at = from;
  while (((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

/** @throws {FormatError} with the place, for bytes that are no text. */
function textOf(path: string, offset: number, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: offset > 0 }).decode(bytes);
  } catch {
    throw new FormatError(path, offset, 'is no text in UTF-8 from here on, or a little behind');
  }
}
