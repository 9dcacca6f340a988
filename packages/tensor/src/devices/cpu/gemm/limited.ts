/** Products whose sizes are known when they run, which are driven as they run. */
import type { MatmulSpec } from '../../../kernel/spec.ts';
import type { MemoryLimits } from '../assembler/module-builder.ts';
import { liveEngine } from '../program/live-engine.ts';
import type { Procedure } from '../program/procedures.ts';
import type { Runner } from '../program/runner.ts';
import { limitedProduct } from './matmul.ts';

/** A product with lengths. */
export interface LimitedMatmul {
  readonly spec: MatmulSpec;
  /** Of the memory that modules import. */
  readonly memory: MemoryLimits;
}

/** The product. */
export function limitedMatmul(runner: Runner, { spec, memory }: LimitedMatmul): Procedure {
  return limitedProduct(spec, liveEngine(runner, memory));
}
