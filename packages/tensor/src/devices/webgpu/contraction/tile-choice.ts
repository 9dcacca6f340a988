/**
 * Which kernel runs a contraction: by its sizes and what the adapter is.
 */
import { clamp } from '../numbers.ts';
import type { Profile } from '../program.ts';
import type { RegisterTile } from './register-tile.ts';
import type { WorkgroupTile } from './workgroup-tile.ts';

/** A register tile from storage, a tile through workgroup memory, or an ordinary loop with a reduction. */
export type TileChoice =
  | { readonly kind: 'register'; readonly tile: RegisterTile; readonly splits: number }
  | { readonly kind: 'workgroup'; readonly tile: WorkgroupTile; readonly splits: number }
  | { readonly kind: 'loop' };

/** The sizes of register tiles, widest first. */
const registerTiles: readonly Omit<RegisterTile, 'depth'>[] = [
  { rows: 8, columns: 8 },
  { rows: 4, columns: 8 },
  { rows: 4, columns: 4 },
  { rows: 2, columns: 4 },
  { rows: 1, columns: 4 },
];

/** Invocations that keep the adapter busy. */
const busyInvocations = { software: 128, hardware: 4096 } as const;
/** Workgroups of 256 invocations that keep a GPU busy. */
const busyWorkgroups = 32;
/** Parts of a sum over k are at least this long. */
const shortestPart = 256;
const mostSplits = 64;

interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** The rounding errors of longer parts would grow. */
const longestPart = 2 ** 18;

const splitsFor = (k: number, units: number, wanted: number): number => {
  const busy =
    units >= wanted ? 1 : clamp(Math.ceil(wanted / units), 1, clamp(Math.floor(k / shortestPart), 1, mostSplits));
  return Math.max(busy, Math.ceil(k / longestPart));
};

/** A choice that is not a loop. */
export type TiledChoice = Exclude<TileChoice, { readonly kind: 'loop' }>;

/**
 * The kernel for a contraction of these sizes. `maySplit` says whether there is a binding left for partial sums,
 * `form` whether the contraction could be written as a loop.
 */
export function chooseTile(sizes: Sizes, profile: Profile, maySplit: boolean, form: 'tile'): TiledChoice;
export function chooseTile(sizes: Sizes, profile: Profile, maySplit: boolean, form: 'any'): TileChoice;
export function chooseTile(
  { batch, m, n, k }: Sizes,
  profile: Profile,
  maySplit: boolean,
  form: 'tile' | 'any',
): TileChoice {
  // Vectors times matrices are bound by memory: lanes of a row kernel read them in order.
  if (form === 'any' && (m === 1 || n === 1)) return { kind: 'loop' };
  const split = (units: number, wanted: number): number => (maySplit ? splitsFor(k, units, wanted) : 1);
  if (!profile.software && profile.maxInvocations >= 256 && Math.min(m, n) >= 32) {
    const blocks = (tile: WorkgroupTile): number => Math.ceil(m / (16 * tile)) * Math.ceil(n / (16 * tile)) * batch;
    if (blocks(8) >= busyWorkgroups) return { kind: 'workgroup', tile: 8, splits: split(blocks(8), busyWorkgroups) };
    return { kind: 'workgroup', tile: 4, splits: split(blocks(4), busyWorkgroups) };
  }
  const busy = profile.software ? busyInvocations.software : busyInvocations.hardware;
  const invocations = (tile: Omit<RegisterTile, 'depth'>): number =>
    Math.ceil(m / tile.rows) * Math.ceil(n / tile.columns) * batch;
  const fitting = registerTiles.filter(({ rows, columns }) => rows < 2 * m && (columns === 4 || columns < 2 * n));
  const tile = fitting.find((candidate) => invocations(candidate) >= busy) ??
    fitting.find(({ rows, columns }) => rows * columns <= 16) ?? { rows: 1, columns: 4 };
  return {
    kind: 'register',
    tile: { ...tile, depth: profile.software ? 1 : 4 },
    splits: split(invocations(tile), busy),
  };
}
