/** The state of a training between two steps, as a safetensors file. */
import type { Device, Tensor } from '@espalier/tensor';
import { readSafetensors, writeSafetensors } from '../io/tensors.ts';
import { readPosition, writePosition, type Fingerprint, type Position } from './position.ts';

const sectionNames = ['model', 'views', 'optimizer', 'loss', 'best'] as const;

/** Tensors by what they belong to, then by name. */
export type Sections = Readonly<Record<(typeof sectionNames)[number], ReadonlyMap<string, Tensor>>>;

const metadataKey = 'espalier.checkpoint';

/** A training as bytes. */
export async function encodeCheckpoint(position: Position, sections: Sections): Promise<Uint8Array> {
  const tensors = sectionNames.flatMap((section) =>
    [...sections[section]].map(([name, tensor]): [string, Tensor] => [`${section}/${name}`, tensor]),
  );
  return writeSafetensors(new Map(tensors), { [metadataKey]: writePosition(position) });
}

/**
 * A training from bytes.
 * @throws {FormatError} for bytes that are no checkpoint.
 * @throws {ArgumentError} for one of another training.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  device: Device,
  expected: Fingerprint,
): { readonly position: Position; readonly sections: Sections } {
  const { tensors, metadata } = readSafetensors(bytes, { device, source: 'checkpoint' });
  const position = readPosition(metadata[metadataKey], expected);
  const section = (name: string): ReadonlyMap<string, Tensor> =>
    new Map(
      [...tensors].flatMap(([key, tensor]) =>
        key.startsWith(`${name}/`) ? [[key.slice(name.length + 1), tensor] as const] : [],
      ),
    );
  return {
    position,
    sections: {
      model: section('model'),
      views: section('views'),
      optimizer: section('optimizer'),
      loss: section('loss'),
      best: section('best'),
    },
  };
}
