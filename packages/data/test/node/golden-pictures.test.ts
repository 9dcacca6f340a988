import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openUnlabelled } from '@espalier/data/node';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../golden/pictures');

interface Golden {
  readonly height: number;
  readonly width: number;
  /** Rows of red, green and blue. */
  readonly pixels: readonly number[];
}

const golden = Object.entries(
  JSON.parse(readFileSync(join(folder, 'pixels.json'), 'utf8')) as Readonly<Record<string, Golden>>,
);

/** Files whose pixels are not Pillow's to the bit, how far a pixel may be off, and why. */
const meant: Readonly<Record<string, readonly [most: number, why: string]>> = {
  'alpha.png': [1, 'what shines through is rounded'],
  'grey-alpha.png': [1, 'what shines through is rounded'],
  'alpha.webp': [1, 'what shines through is rounded'],
  'cmyk.jpg': [24, 'inks become colours by a profile, where Pillow takes them off white'],
};

test.each(golden)('%s has the pixels that Pillow reads', async (name, { height, width, pixels }) => {
  const { pictures } = await openUnlabelled(join(folder, name));
  const planes = await pictures[0]?.decode({ channels: 3, height, width, fit: 'crop' });
  const size = height * width;
  const most = pixels.reduce((worst, value, at) => {
    return Math.max(worst, Math.abs(value - Number(planes?.[(at % 3) * size + Math.floor(at / 3)])));
  }, 0);
  expect(most).toBe(meant[name]?.[0] ?? 0);
});

test('a picture is as large as it is looked at, turned by its camera', async () => {
  const { pictures } = await openUnlabelled(join(folder, 'turned-6.jpg'));
  await expect(pictures[0]?.look()).resolves.toMatchObject({ height: 12, width: 8, isGrey: false });
});
