/** What both layouts of PyTorch's files come to: one value, and storages beside it. */
import type { ByteSource } from '@espalier/nn/format';
import type { PickleValue } from './pickle/values.ts';
import type { StorageReference } from './torch-tensor.ts';

/** A file of either layout, its pickle read and none of its storages. */
export interface TorchFile {
  readonly source: ByteSource;
  readonly layout: 'zip' | 'legacy';
  readonly root: PickleValue;
  readonly isBigEndian: boolean;
  /** Where the pickle is, for errors. */
  readonly offset: number;
  /** @throws {FormatError} where a storage is not there, or holds fewer bytes than its reference says. */
  readonly checkStorage: (storage: StorageReference) => void;
  /** Bytes of a storage from `begin` to before `end`, as the file has them. */
  readonly readStorage: (key: string, begin: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
}
