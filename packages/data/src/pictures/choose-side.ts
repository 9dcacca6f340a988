/** How large pictures are made, where nobody says it. */
import type { PictureSize } from './picture-dataset.ts';

/** The sides that are chosen from: most halve well. */
const sides = [8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224] as const;

/** Pictures of this side are taken as they are, however many there are. */
const small = 32;

/** About as many pixels as a core goes through in a few seconds of training: larger pictures show more, but not of fewer lessons. */
const pixels = 6_000_000;

/**
 * The side of squares for pictures of these sizes: that of all where it is one and not large; else the largest of a few sides that is no
 * larger than the shorter side of half of the pictures, and that so many pictures can be trained in.
 */
export function chooseSide(sizes: readonly PictureSize[], count: number): number {
  const shorter = sizes.map(({ height, width }) => Math.min(height, width)).toSorted((a, b) => a - b);
  const median = shorter[shorter.length >> 1] ?? small;
  const isOne = sizes.every(({ height, width }) => height === width && height === median);
  if (isOne && median >= 8 && median <= small) return median;
  const affordable = Math.max(small, Math.sqrt(pixels / Math.max(1, count)));
  return sides.findLast((side) => side <= Math.min(median, affordable)) ?? sides[0];
}
