/** What took long to make, kept in a file under what it was made for: it is believed only if it says the same and is whole. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeAtomically } from '@espalier/nn/node';

const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What stands before the bytes: the request, and their sum. */
const headOf = (request: string, bytes: Uint8Array): Buffer => Buffer.from(`${request}\n${sumOf(bytes)}\n`);

/**
 * The bytes that a file keeps for a request, which is one line; undefined where it keeps others, or is damaged, or not there.
 */
export async function readKept(file: string, request: string): Promise<Uint8Array | undefined> {
  const all = await readFile(file).catch(() => Buffer.of());
  const length = headOf(request, all).length;
  const bytes = all.subarray(length);
  return all.subarray(0, length).equals(headOf(request, bytes)) ? new Uint8Array(bytes) : undefined;
}

/** Keeps bytes for a request in a file, which is the old one or the new one, whatever happens meanwhile. */
export async function writeKept(file: string, request: string, bytes: Uint8Array): Promise<void> {
  await writeAtomically(file, async (append) => {
    await append(headOf(request, bytes));
    await append(bytes);
  });
}
