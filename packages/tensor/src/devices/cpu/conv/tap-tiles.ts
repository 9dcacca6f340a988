/** Tables of tiles: which vectors of pixels are computed together. */
import type { TapPart } from './tap-geometry.ts';
import { tileWords, type TapProduct, type TapTile } from './tap-product.ts';

/** The tiles of a part. */
export interface TapTiles {
  readonly apart: TapProduct['apart'];
  readonly count: number;
  /** Words of an entry of the table. */
  readonly words: number;
  readonly table: Int32Array<ArrayBuffer>;
}

/** Four pixels: bytes in frame and result, and the depths that its row sees. */
interface Vector {
  readonly frame: number;
  readonly result: number;
  readonly depths: readonly [first: number, end: number];
}

/** Vectors of a part over a frame of so many columns, in tiles. The last vector of a row ends where the row ends. */
export function tapTiles(part: TapPart, frameWidth: number, tile: TapTile): TapTiles {
  const vectors = vectorsOf(part, frameWidth);
  const groups: Vector[][] = [];
  for (let at = 0; at < vectors.length; at += tile.vectors) {
    const group = vectors.slice(at, at + tile.vectors);
    while (group.length < tile.vectors) group.push(group.at(-1) as Vector);
    groups.push(group);
  }
  const apart = distances(groups);
  const entries = groups.map((group) => [
    ...(apart ? group.slice(0, 1) : group).flatMap(({ frame, result }) => [frame, result]),
    ...union(group.map(({ depths }) => depths)).map((depth) => depth * 4),
  ]);
  return { apart, count: groups.length, words: tileWords({ apart, tile }), table: Int32Array.from(entries.flat()) };
}

function vectorsOf({ grid: [height, width], depths }: TapPart, frameWidth: number): Vector[] {
  // Rows that follow each other without a gap are one.
  const [rows, columns] = width === frameWidth ? [1, height * width] : [height, width];
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: Math.ceil(columns / 4) }, (_of, place) => {
      const column = Math.min(place * 4, columns - 4);
      const seen = rows === 1 ? union(depths) : (depths[row] ?? [0, 0]);
      return { frame: (row * frameWidth + column) * 4, result: (row * width + column) * 4, depths: seen };
    }),
  ).flat();
}

/** From the first depth to the last of any, in bytes of a table of words where they are those of tiles. */
function union(depths: readonly (readonly [first: number, end: number])[]): [number, number] {
  const seen = depths.filter(([first, end]) => end > first);
  if (seen.length === 0) return [0, 0];
  return [Math.min(...seen.map(([first]) => first)), Math.max(...seen.map(([, end]) => end))];
}

/** How far vectors are from the first of their tile, if that is the same in every tile. */
function distances(groups: readonly (readonly Vector[])[]): TapProduct['apart'] {
  const from = (group: readonly Vector[]): (readonly [number, number])[] =>
    group.map(({ frame, result }) => [frame - (group[0] as Vector).frame, result - (group[0] as Vector).result]);
  const first = from(groups[0] as readonly Vector[]);
  const isSame = groups.every((group) =>
    from(group).every(([frame, result], at) => frame === first[at]?.[0] && result === first[at]?.[1]),
  );
  return isSame && first.every(([frame, result]) => frame >= 0 && result >= 0) ? first : undefined;
}
