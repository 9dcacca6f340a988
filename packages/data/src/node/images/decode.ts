/** Pictures as bytes of pixels, decoded by the package `sharp`, which has to be installed beside this one. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FormatError } from '@espalier/nn';
import { brief } from '@espalier/tensor/arguments';
import { DataError } from '../../errors.ts';
import { planesOf, type PictureShape, type PictureSize } from '../../pictures/picture-dataset.ts';
import { orRefused } from '../walk.ts';

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
type Picture = ReturnType<Sharp>;

/** @throws {FormatError} naming the file, for whatever the decoder says of it. */
async function orBroken<T>(path: string, read: (sharp: Sharp, bytes: Buffer) => Promise<T>): Promise<T> {
  const sharp = await library();
  const bytes = await orRefused(path, () => readFile(path));
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

/** What a picture is before it is made to fit. */
export interface Look extends PictureSize {
  /** Whether it has no colours, as its file says it. */
  readonly isGrey: boolean;
  /** The same for files of the same bytes, and for no others. */
  readonly digest: string;
}

/** A digest of bytes. */
export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');

/**
 * What the head of a picture says: its size as it is looked at, turned as its camera says, and whether it has colours.
 * @throws {FormatError} naming the file, for a broken one.
 */
export function lookAt(path: string): Promise<Look> {
  return orBroken(path, async (sharp, bytes) => {
    const { autoOrient, space } = await sharp(bytes, settings).metadata();
    const isGrey = space === 'b-w' || space === 'grey16';
    return { height: autoOrient.height, width: autoOrient.width, isGrey, digest: digestOf(bytes) };
  });
}

/** @throws {FormatError} for a picture that comes out in another shape. */
async function pixelsOf(path: string, picture: Picture, shape: PictureShape): Promise<Uint8Array> {
  const { channels, height, width, fit } = shape;
  const { data, info } = await picture
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
}

/**
 * A picture [channels, height, width] as bytes, turned as its camera says, on white where it is transparent.
 * @throws {FormatError} naming the file, for a broken one.
 */
export function decodePicture(path: string, shape: PictureShape): Promise<Uint8Array> {
  return orBroken(path, (sharp, bytes) => pixelsOf(path, sharp(bytes, settings), shape));
}

/** Grey pixels [height, width] made to fit as those of a file are; `path` is what errors call them. */
export async function fitPixels(
  path: string,
  pixels: Uint8Array,
  size: PictureSize,
  shape: PictureShape,
): Promise<Uint8Array> {
  if (shape.channels === 1 && size.height === shape.height && size.width === shape.width) return pixels;
  const sharp = await library();
  return pixelsOf(path, sharp(pixels, { raw: { ...size, channels: 1 } }), shape);
}
