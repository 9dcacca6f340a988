/** Texts and JSON files that come with tensors: indexes, descriptions, templates. */
import { FormatError, type Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { type ByteSource, checkJsonMemory, decodeUtf8, duplicateKey, readBytes } from '@espalier/nn/format';

/**
 * The text that is all of a file of at most `most` bytes.
 * @throws {FormatError} naming the file, for what is larger, or no text in UTF-8.
 */
export async function readText(source: ByteSource, most: number): Promise<string> {
  if (source.size > most) throw new FormatError(source.name, 0, `has ${source.size} bytes; the limit is ${most}`);
  const text = decodeUtf8(await readBytes(source, 0, source.size, 'the text'));
  if (text === undefined) throw new FormatError(source.name, 0, 'is no text in UTF-8');
  return text;
}

/**
 * The JSON that is all of a file of at most `most` bytes.
 * @throws {FormatError} naming the file, for anything else, and for a key that occurs twice, which gives it two meanings.
 */
export async function readJson(source: ByteSource, most: number): Promise<Json> {
  const fail = (problem: string): never => {
    throw new FormatError(source.name, 0, problem);
  };
  const text = await readText(source, most);
  checkJsonMemory(text, source.name);
  let parsed: Json = null;
  try {
    parsed = JSON.parse(text) as Json;
  } catch (error) {
    fail(`is no JSON: ${(error as Error).message}`);
  }
  const repeated = duplicateKey(text);
  if (repeated) fail(`has the key ${showName(repeated.key)} twice`);
  return parsed;
}

/**
 * As `readJson`, of a file that is an object.
 * @throws {FormatError} naming the file, for anything else.
 */
export async function readJsonObject(source: ByteSource, most: number): Promise<{ readonly [key: string]: Json }> {
  const parsed = await readJson(source, most);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new FormatError(source.name, 0, 'is no JSON object');
  return parsed as { readonly [key: string]: Json };
}
