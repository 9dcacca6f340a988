/** Writing the values of tensors one after the other. */
import { showName } from '@espalier/nn/arguments';
import { ArgumentError } from '@espalier/tensor';

import type { ByteSink } from '../bytes/byte-sink.ts';
import type { WrittenTensor } from './tensor-source.ts';

/**
 * Writes the values of a tensor.
 * @throws {ArgumentError} naming it, where there are more or fewer bytes than it says: what follows would be misplaced.
 */
export async function writeValues(sink: ByteSink, name: string, { bytes, values }: WrittenTensor): Promise<void> {
  let written = 0;
  for await (const piece of values()) {
    written += piece.byteLength;
    if (written > bytes) break;
    await sink.write(piece);
  }
  if (written !== bytes)
    throw new ArgumentError(
      'write',
      `${showName(name)} gives ${written > bytes ? 'more than' : `${written} of`} the ${bytes} bytes that it says it has`,
    );
}

/** Zeros up to a multiple of `alignment`, where `position` is how much was written before. */
export async function writePadding(sink: ByteSink, position: number, alignment: number): Promise<void> {
  const missing = (alignment - (position % alignment)) % alignment;
  if (missing > 0) await sink.write(new Uint8Array(missing));
}
