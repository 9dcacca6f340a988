/** Pictures as bytes of pixels, decoded by the package `sharp`, which has to be installed beside this one. */
import { readFile } from 'node:fs/promises';
import { FormatError } from '@espalier/nn';
import { brief } from '@espalier/tensor/arguments';
import { DataError } from '../../errors.ts';
import { planesOf, type PictureShape, type PictureSize } from '../../pictures/picture-dataset.ts';

const fits = { crop: 'cover', stretch: 'fill', pad: 'contain' } as const;

/** A picture of more pixels than this is taken for a mistake, or worse. */
const mostPixels = 100_000_000;

async function library() {
  try {
    return (await import('sharp')).default;
  } catch {
    throw new DataError('pictures', {}, "need the package 'sharp', which decodes them; run `npm install sharp`");
  }
}

type Sharp = Awaited<ReturnType<typeof library>>;

/** @throws {FormatError} naming the file, for whatever the decoder says of it. */
async function orBroken<T>(path: string, read: (sharp: Sharp, bytes: Buffer) => Promise<T>): Promise<T> {
  const sharp = await library();
  const bytes = await readFile(path);
  try {
    return await read(sharp, bytes);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(
      path,
      0,
      `cannot be decoded as a picture: ${brief(error instanceof Error ? error.message : String(error), 200)}`,
    );
  }
}

const settings = { failOn: 'error', limitInputPixels: mostPixels, autoOrient: true } as const;

/**
 * The size of a picture as it is looked at, turned as its camera says.
 * @throws {FormatError} naming the file, for a broken one.
 */
export function pictureSize(path: string): Promise<PictureSize> {
  return orBroken(path, async (sharp, bytes) => {
    const { autoOrient } = await sharp(bytes, settings).metadata();
    return { height: autoOrient.height, width: autoOrient.width };
  });
}

/**
 * A picture [channels, height, width] as bytes, turned as its camera says, on white where it is transparent.
 * @throws {FormatError} naming the file, for a broken one.
 */
export function decodePicture(path: string, shape: PictureShape): Promise<Uint8Array> {
  const { channels, height, width, fit } = shape;
  return orBroken(path, async (sharp, bytes) => {
    const { data, info } = await sharp(bytes, settings)
      .flatten({ background: '#ffffff' })
      .resize({ width, height, fit: fits[fit], background: '#000000' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const found: number = info.channels;
    const pixels = height * width;
    if (info.width !== width || info.height !== height || data.length !== found * pixels || found < channels)
      throw new FormatError(
        path,
        0,
        `was decoded to ${info.width} × ${info.height} of ${found} channels, not ${width} × ${height} of ${channels}`,
      );
    return planesOf(data, found, shape);
  });
}
