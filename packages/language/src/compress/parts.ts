/** Files of layers that are done, kept until all are. */
import { bytesOf, memorySink, type FindFile, type WriteFile } from '@espalier/models';
import { decodeUtf8, encodeUtf8, readBytes } from '@espalier/nn/format';
import { ArgumentError } from '@espalier/tensor';

/** Where finished layers are kept until all are. */
export interface PartStore {
  readonly find: FindFile;
  /** A file is there as a whole or not at all. */
  readonly write: WriteFile;
}

/** Keeps them in memory. */
export function memoryParts(): PartStore {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    find: (name) => {
      const bytes = files.get(name);
      return Promise.resolve(bytes && bytesOf(bytes, name));
    },
    write: async (name, write) => {
      const sink = memorySink();
      await write(sink);
      files.set(name, sink.bytes());
    },
  };
}

/** A file of what is done, or whether there is one. */
export async function found(
  parts: PartStore,
  file: string,
  isNeeded: true,
): Promise<Awaited<ReturnType<FindFile>> & object>;
export async function found(parts: PartStore, file: string): Promise<boolean>;
export async function found(parts: PartStore, file: string, isNeeded = false): Promise<unknown> {
  const source = await parts.find(file);
  if (isNeeded) return source ?? bytesOf(new Uint8Array(), file);
  await source?.close();
  return source !== undefined;
}

/**
 * Notes what work the parts are of, or holds them to it.
 * @throws {ArgumentError} for layers that something else left behind.
 */
export async function sameWork(
  operation: string,
  parts: PartStore,
  work: { readonly [about: string]: unknown },
): Promise<void> {
  const said = JSON.stringify(work);
  const file = await parts.find('work.json');
  if (!file) return parts.write('work.json', (sink) => sink.write(encodeUtf8(said)));
  const before = decodeUtf8(await readBytes(file, 0, file.size, 'work.json'));
  await file.close();
  if (before !== said)
    throw new ArgumentError(
      operation,
      'layers of another compression are there (work.json differs); give the same model, options and text, or remove them',
    );
}
