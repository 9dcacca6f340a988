/** JSON files that come with tensors: indexes, descriptions. */
import { decodeUtf8, duplicateKey, FormatError } from '@espalier/nn';

import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '../bytes/byte-source.ts';

/**
 * A JSON object that is all of a file of at most `most` bytes.
 * @throws {FormatError} naming the file, for anything else, and for a key that occurs twice, which gives it two meanings.
 */
export async function readJsonObject(source: ByteSource, most: number): Promise<Readonly<Record<string, unknown>>> {
  const fail = (problem: string): never => {
    throw new FormatError(source.name, 0, problem);
  };
  if (source.size > most) fail(`has ${source.size} bytes; the limit is ${most}`);
  const text = decodeUtf8(await readBytes(source, 0, source.size, 'the JSON')) ?? fail('is no text in UTF-8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    fail(`is no JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return fail('is no JSON object');
  const repeated = duplicateKey(text);
  if (repeated) fail(`has the key ${showName(repeated.key)} twice`);
  return parsed as Readonly<Record<string, unknown>>;
}
