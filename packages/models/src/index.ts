/** Trained models of others, in and out. */
export { memorySink, type ByteSink, type MemorySink } from './bytes/byte-sink.ts';
export { blobBytes, bytesOf, readBytes, type BlobLike, type ByteSource } from './bytes/byte-source.ts';
export type { Container, OpenOptions } from './containers/container.ts';
export type { TensorEntry, TensorSource, WrittenTensor } from './tensors/tensor-source.ts';
