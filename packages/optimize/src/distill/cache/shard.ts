/** Files with the answers of a teacher to some examples, one behind the other. */
import { decodeSafetensors, encodeSafetensors, type RawTensor } from '@espalier/nn';
import { sizeOf, dtypes, type DType, type Shape } from '@espalier/tensor';
import { sha256 } from '../../sha256.ts';

/** What a place gives for one example. */
export interface AnswerType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Bytes of an example. */
export function rowBytes({ dtype, shape }: AnswerType): number {
  return sizeOf(shape) * dtypes[dtype].bytes;
}

/** The examples of a shard, by place: [examples, ...shape] as bytes. */
export type ShardRows = ReadonlyMap<string, Uint8Array>;

/** Names of tensors in files must not be empty, as that of the output is. */
const tensorName = (place: string): string => `at:${place}`;

const version = '1';

/** The bytes of a file, which says of what it holds the answers (`key`), and how to see that they are whole. */
export async function encodeShard(
  key: string,
  types: ReadonlyMap<string, AnswerType>,
  rows: ShardRows,
  count: number,
): Promise<Uint8Array> {
  const tensors = new Map<string, RawTensor>();
  for (const [place, { dtype, shape }] of types)
    tensors.set(tensorName(place), { dtype, shape: [count, ...shape], bytes: rows.get(place) as Uint8Array });
  return encodeSafetensors(tensors, { version, key, digest: await digestOf(types, rows) });
}

/** The rows of a file; undefined for one that is damaged, or of something else. */
export async function decodeShard(
  file: Uint8Array,
  key: string,
  types: ReadonlyMap<string, AnswerType>,
  count: number,
): Promise<ShardRows | undefined> {
  try {
    const { tensors, metadata } = decodeSafetensors(file);
    if (metadata['version'] !== version || metadata['key'] !== key || tensors.size !== types.size) return undefined;
    const rows = new Map<string, Uint8Array>();
    for (const [place, { dtype, shape }] of types) {
      const found = tensors.get(tensorName(place));
      if (found?.dtype !== dtype || found.shape.join() !== [count, ...shape].join()) return undefined;
      rows.set(place, found.bytes);
    }
    return metadata['digest'] === (await digestOf(types, rows)) ? rows : undefined;
  } catch {
    return undefined;
  }
}

async function digestOf(types: ReadonlyMap<string, AnswerType>, rows: ShardRows): Promise<string> {
  const digests = await Promise.all([...types.keys()].map((place) => sha256(rows.get(place) as Uint8Array)));
  return digests.join(' ');
}
