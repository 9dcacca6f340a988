/** What this device knows of a layout of encoded matrices. */
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';

/** How a layout is multiplied. */
export interface EncodedRule {
  /** Whether such a product is computed from the arrays; what is not goes through the dense matrix. */
  readonly accepts: (spec: EncodedMatmulSpec) => boolean;
  /** Whether x may be codes; where that is not said, it may not. */
  readonly takesCodes?: (spec: EncodedMatmulSpec) => boolean;
  /** Whether x may be rounded in groups; where that is not said, it may not. */
  readonly takesGroups?: (spec: EncodedMatmulSpec) => boolean;
  readonly calls: (spec: EncodedMatmulSpec, engine: Engine) => Calls;
}
