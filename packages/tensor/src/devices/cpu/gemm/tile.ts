/** The register tile of the matrix product, chosen by what the engine can do. */
import { op } from '../assembler/expression.ts';
import { ModuleBuilder } from '../assembler/module-builder.ts';
import { webAssembly } from '../assembler/web-assembly.ts';

/**
 * How the product's inner loop is shaped. A tile of 4 rows by 8 columns keeps 8 accumulators, 4 broadcast values and
 * 2 vectors of the second operand in 14 of the 15 vector registers that V8 uses on x86; larger tiles spill there.
 */
export interface Tile {
  readonly rows: number;
  /** A multiple of 4. */
  readonly columns: number;
  /** Whether to use the fused multiply-add of relaxed SIMD. */
  readonly relaxed: boolean;
}

/** Whether the engine validates relaxed SIMD instructions. */
export function hasRelaxedSimd(): boolean {
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: false });
  const f = module.function('probe', ['v128'], 'v128');
  const [x] = [f.argument(0)];
  f.return(op('f32x4.relaxed_madd', x, x, x));
  return webAssembly.validate(module.encode());
}

/** The tile for this engine. */
export function chooseTile(): Tile {
  return { rows: 4, columns: 8, relaxed: hasRelaxedSimd() };
}
