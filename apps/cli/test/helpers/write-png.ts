import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import sharp from 'sharp';

/** Writes grey pixels [height, width] as a PNG file, in a folder that is made where there is none. */
export async function writePng(path: string, pixels: Uint8Array, width: number, height: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const picture = sharp(pixels, { raw: { width, height, channels: 1 } });
  await picture.toColourspace('b-w').toFile(path);
}
