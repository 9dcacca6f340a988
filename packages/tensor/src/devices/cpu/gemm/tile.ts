/** The register tile of the matrix product, chosen by what the engine can do. */
import { hasRelaxedSimd } from '../wide/relaxed.ts';
import { vectors } from '../wide/vectors.ts';

/**
 * How the product's inner loop is shaped. A tile of 4 rows by 8 columns keeps 8 accumulators, 4 broadcast values and
 * 2 vectors of the second operand in 14 of the 15 vector registers that V8 uses on x86; larger tiles spill there. Of vectors
 * that are joined in pairs it takes as many again, as sums that wait for each other would be too few.
 */
export interface Tile {
  readonly rows: number;
  /** A multiple of 4. */
  readonly columns: number;
  /** Whether to use the fused multiply-add of relaxed SIMD. */
  readonly relaxed: boolean;
}

/** The tile for this engine. */
export function chooseTile(): Tile {
  return { rows: 4, columns: vectors.bits === 256 ? 16 : 8, relaxed: hasRelaxedSimd() };
}
