/** A tensor whose bytes come piece by piece, so that JavaScript memory holds one of them at a time. */
import { defaultDevice } from '../device/registry.ts';
import type { Device, DeviceBuffer } from '../device/device.ts';
import { check, checkOptions, ruleOf, type OptionRules, type Rule } from '../arguments/rules.ts';
import { aDevice, aDType } from '../arguments/types.ts';
import { dtypes } from '../dtype/dtype.ts';
import { kindOfArray } from '../dtype/typed-array.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { storedNode } from '../graph/build.ts';
import { Storage } from '../graph/storage.ts';
import { checkShape, showShape, sizeOf, type Shape } from '../shape/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { fromBytes, type CreateOptions } from './create.ts';

const chunkOptions: OptionRules<CreateOptions> = { dtype: aDType, device: aDevice };

const someChunks: Rule<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> = ruleOf(
  'an iterable of Uint8Arrays',
  (value) =>
    Object(value) === value &&
    [Symbol.asyncIterator, Symbol.iterator].some((key) => typeof Reflect.get(value as object, key) === 'function'),
);

const aChunk: Rule<Uint8Array> = ruleOf('a Uint8Array', (value) => kindOfArray(value) === 'Uint8Array');

/**
 * A tensor from the raw bytes of its dtype as `fromBytes` takes them, in pieces of any length that follow one another. Each
 * is written to the device before the next one is asked for, so that whoever gives them may write over it then.
 * @throws {ShapeError} if their number does not fit; the memory of the device is given back, as it is where a piece fails.
 * @throws {DTypeError} for a dtype that the device has not.
 */
export async function fromChunks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  shape: Shape,
  options: CreateOptions & { readonly dtype: NonNullable<CreateOptions['dtype']> },
): Promise<Tensor> {
  check('fromChunks', 'chunks', chunks, someChunks);
  const sizes = checkShape('fromChunks', shape);
  const asked = checkOptions<CreateOptions>('fromChunks', options, chunkOptions);
  const dtype = check('fromChunks', 'dtype', asked.dtype, aDType);
  const { device = defaultDevice() } = asked;
  if (!device.capabilities.dtypes.has(dtype))
    throw new DTypeError(
      'fromChunks',
      `the ${device.name} device has no ${dtype}; use one of ${[...device.capabilities.dtypes].join(', ')}`,
    );
  const needed = sizeOf(sizes) * dtypes[dtype].bytes;
  const buffer = needed === 0 ? undefined : device.allocate(needed);
  try {
    const written = await writeAll(chunks, { device, buffer, needed, isBool: dtype === 'bool' });
    if (written !== needed)
      throw new ShapeError(
        'fromChunks',
        `${written > needed ? 'more' : written} bytes do not fill ${dtype} ${showShape(sizes)}, which takes ${needed}`,
      );
  } catch (error) {
    if (buffer) device.free(buffer);
    throw error;
  }
  if (!buffer) return fromBytes(new Uint8Array(0), sizes, { dtype, device });
  return new Tensor(storedNode(Storage.resident(device, buffer), sizes, dtype));
}

interface Target {
  readonly device: Device;
  readonly buffer: DeviceBuffer | undefined;
  readonly needed: number;
  readonly isBool: boolean;
}

/** Writes piece after piece; how many bytes there were, where they are at most as many as are needed. */
async function writeAll(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { device, buffer, needed, isBool }: Target,
): Promise<number> {
  let at = 0;
  for await (const given of chunks) {
    const chunk = check('fromChunks', 'a chunk', given, aChunk);
    if (at + chunk.byteLength > needed) return at + chunk.byteLength;
    if (buffer && chunk.byteLength > 0)
      device.write(buffer, at, isBool ? Uint8Array.from(chunk, (byte) => (byte === 0 ? 0 : 1)) : chunk);
    at += chunk.byteLength;
  }
  return at;
}
