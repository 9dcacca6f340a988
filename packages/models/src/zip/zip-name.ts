/** Names of the parts of a zip file: what may become a path is held to what stays inside a folder. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { decodeUtf8 } from '@espalier/nn/format';
import { decodeLatin1 } from '../bytes/text.ts';

/** The name of an entry: UTF-8 where it is well formed, as all writers of today do, else one character a byte. */
export function entryName(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? decodeLatin1(bytes);
}

/** @throws {FormatError} for a name that leads out of the folder it is unpacked in, or could. */
export function checkEntryName(source: string, offset: number, name: string): void {
  const parts = name.split('/');
  const isInside = name !== '' && !name.startsWith('/') && !/[\\\0]|^[A-Za-z]:/u.test(name) && !parts.includes('..');
  if (!isInside)
    throw new FormatError(source, offset, `has an entry ${showName(name)}, which leads out of the file's own folder`);
}
