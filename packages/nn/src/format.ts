/** @espalier/nn/format: what readers and writers of files share, for packages that know other formats. */
export {
  aByteSource,
  allBytes,
  blobBytes,
  bytesOf,
  piecesOf,
  readBytes,
  type BlobLike,
  type ByteSource,
} from './io/byte-source.ts';
export { crc32 } from './io/crc32.ts';
export { duplicateKey } from './io/duplicate-key.ts';
export { checkJsonMemory } from './io/json-memory.ts';
export {
  parseSafetensorsHeader,
  safetensorsHeader,
  safetensorsHeaderLength,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsPart,
} from './io/safetensors-header.ts';
export { smallFloats } from './io/small-floats.ts';
export { decodeUtf8, encodeUtf8 } from './io/utf8.ts';
