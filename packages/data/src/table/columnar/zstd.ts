/** Zstandard, by the reference library as WebAssembly (`zstddec`): decoders in JavaScript do not end on some damaged frames. */

/** A function that unpacks frames to so many bytes; of what is damaged it gives another number of bytes. */
export async function zstdUnpacker(): Promise<(bytes: Uint8Array, length: number) => Uint8Array> {
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  // Told 0, the decoder would take what the frame says.
  return (bytes, length) => (length === 0 ? new Uint8Array(0) : decoder.decode(bytes, length));
}
