/** The public table of ops: what exists, on which domain, and how exact it is. Tests and documentation are derived from it. */
import { elementwiseTable } from './tables/elementwise.ts';
import { contractionTable } from './tables/contraction.ts';
import { indexingTable } from './tables/indexing.ts';
import { movementTable } from './tables/movement.ts';
import { randomTable } from './tables/random.ts';
import { reductionTable } from './tables/reduction.ts';
import { compositeTable } from './tables/composite.ts';
import type { OpEntry } from './domain.ts';

/** Every op, family by family. */
export const opTable: readonly OpEntry[] = [
  ...elementwiseTable,
  ...reductionTable,
  ...movementTable,
  ...contractionTable,
  ...indexingTable,
  ...randomTable,
  ...compositeTable,
];
