/** Pictures that are decoded when they are asked for, whoever decodes them. */
import { dataset, type Dataset } from '@espalier/nn';
import { fromBytes, fromTyped, type Device, type Tensor } from '@espalier/tensor';
import { DataError } from '../errors.ts';

/** How a picture of another shape than the wanted one is made to fit: its middle is cut out, it is stretched, or black is put around it. */
export type PictureFit = 'crop' | 'stretch' | 'pad';

/** What pictures are made to be. */
export interface PictureShape {
  /** 1 for grey, 3 for colour. */
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly fit: PictureFit;
}

/** Pixels of a picture before it is made to fit. */
export interface PictureSize {
  readonly height: number;
  readonly width: number;
}

/** How many pictures are decoded side by side. */
const atOnce = 16;

/** What each of a list gives, some at a time, in order. */
export async function inTurn<Item, T>(items: ArrayLike<Item>, each: (item: Item) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    const some = Array.from(
      { length: Math.min(atOnce, items.length - start) },
      (_, index) => items[start + index] as Item,
    );
    made.push(...(await Promise.all(some.map(each))));
  }
  return made;
}

/**
 * The size that all pictures have.
 * @throws {DataError} naming the first picture of another size.
 */
export function commonSize(files: readonly { readonly path: string }[], sizes: readonly PictureSize[]): PictureSize {
  const first = sizes[0] as PictureSize;
  const other = sizes.findIndex(({ height, width }) => height !== first.height || width !== first.width);
  if (other < 0) return first;
  const { height, width } = sizes[other] as PictureSize;
  const shown = `${files[0]?.path} ${first.height} × ${first.width}`;
  throw new DataError(
    files[other]?.path ?? '',
    {},
    `has ${height} × ${width} pixels, and ${shown}; give a size for all`,
  );
}

/** Pixels [height, width, found] as planes [channels, height, width]. */
export function planesOf(
  pixels: ArrayLike<number>,
  found: number,
  { channels, height, width }: PictureShape,
): Uint8Array {
  const size = height * width;
  const planes = new Uint8Array(channels * size);
  for (let channel = 0; channel < channels; channel++)
    for (let pixel = 0; pixel < size; pixel++)
      planes[channel * size + pixel] = pixels[pixel * found + channel] as number;
  return planes;
}

/** What a dataset of pictures may take. */
export interface PictureMemory {
  /** Decoded pictures that are kept take at most so many bytes. */
  readonly memory: number;
  readonly device: Device;
}

/** A dataset of pictures by the class of each: x is f32 [batch, channels, height, width] of 0 to 1, made from bytes on the device, y i32 [batch]. */
export function pictureDataset(
  classes: ArrayLike<number>,
  shape: PictureShape,
  decode: (index: number) => Promise<Uint8Array>,
  { memory, device }: PictureMemory,
): Dataset {
  const bytes = shape.channels * shape.height * shape.width;
  const kept = new Map<number, Uint8Array>();
  const pixelsOf = async (index: number): Promise<Uint8Array> => {
    const known = kept.get(index);
    if (known) return known;
    const pixels = await decode(index);
    if ((kept.size + 1) * bytes <= memory) kept.set(index, pixels);
    return pixels;
  };
  const labels = Int32Array.from(classes);
  return dataset({
    size: labels.length,
    load: async (indices) => {
      const rows = new Uint8Array(indices.length * bytes);
      for (const [place, pixels] of (await inTurn(indices, pixelsOf)).entries()) rows.set(pixels, place * bytes);
      const own = Int32Array.from(indices, (index) => labels[index] as number);
      return {
        x: fromBytes(rows, [indices.length, shape.channels, shape.height, shape.width], { dtype: 'u8', device }),
        y: fromTyped(own, [own.length], { device }),
      };
    },
    prepare: ({ x, y }) => ({ x: (x as Tensor).cast('f32').mul(1 / 255), y: y as Tensor }),
    labels: async () => labels,
  });
}
