/** A file that must stay what it is while it is read again and again: what is learnt of two files is of neither. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { FormatError } from '@espalier/nn';
import type { ByteSource } from '@espalier/nn/format';
import { fileBytes } from '@espalier/nn/node';
import { aText, check } from '@espalier/tensor/arguments';

/** A file, with what tells it from others. */
export interface SteadyFile extends ByteSource {
  /** When it was changed last, in milliseconds. */
  readonly modified: number;
  /** Of its size, its first and its last bytes. */
  readonly digest: string;
}

/** Bytes of each end that are looked at. */
const endBytes = 1 << 16;

async function digestOf(source: ByteSource): Promise<string> {
  const hash = createHash('sha256').update(`${source.size}\n`);
  const first = await source.read(0, Math.min(endBytes, source.size));
  const from = Math.max(first.length, source.size - endBytes);
  return hash
    .update(first)
    .update(await source.read(from, source.size - from))
    .digest('hex');
}

/**
 * Opens a file as `fileBytes` does. Each read sees whether the file is still the one that was opened.
 * @throws {FormatError} naming it, from a read after which it has grown, shrunk, been written to, replaced or removed.
 *
 * @example
 * const source = await steadyFile('clicks.csv');
 */
export async function steadyFile(path: string): Promise<SteadyFile> {
  check('steadyFile', 'path', path, aText);
  const opened = await stat(path);
  const source = await fileBytes(path);
  const changed = (how: string): never => {
    throw new FormatError(
      path,
      0,
      `${how} while it was read; what was learnt is of another file. Put it back as it was, or begin anew`,
    );
  };
  const look = async (): Promise<void> => {
    const now = await stat(path).catch(() => changed('was removed'));
    if (now.size !== opened.size) changed(`has ${now.size} bytes, and had ${opened.size}: it was changed`);
    if (now.ino !== opened.ino || now.dev !== opened.dev) changed('was replaced by another file');
    if (now.mtimeMs !== opened.mtimeMs) changed('was written to');
  };
  const digest = await digestOf(source);
  await look();
  return {
    ...source,
    modified: opened.mtimeMs,
    digest,
    read: async (offset, length, reuse) => {
      const bytes = await source.read(offset, length, reuse);
      // Behind the read: what was changed before it is seen, too.
      await look();
      return bytes;
    },
  };
}
