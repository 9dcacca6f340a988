/** What the host computes by itself: by name, from parameters that can be copied, on the memory of whoever runs it. */
import type { CustomSpec, ScanSpec, ScatterAddSpec } from '../../../kernel/spec.ts';
import { custom } from '../custom.ts';
import { encodedPrograms, type LimitedEncodedMatmul } from '../encoded/provided.ts';
import { limitedMatmul, type LimitedMatmul } from '../gemm/limited.ts';
import { scan } from '../scan.ts';
import { scatterAdd } from '../scatter-add.ts';
import type { Runner } from './runner.ts';

/** Takes the first unit and the end of those to run, and then addresses; all are i32. */
export type Procedure = (begin: number, end: number, ...addresses: number[]) => void;

interface ParametersOf {
  readonly scan: ScanSpec;
  readonly 'scatter-add': ScatterAddSpec;
  readonly 'limited-matmul': LimitedMatmul;
  readonly 'limited-encoded-matmul': LimitedEncodedMatmul;
  /** The one that cannot be copied: it is a function of the user's, and runs where that is. */
  readonly custom: CustomSpec;
}

/** Names of procedures. */
export type ProcedureName = keyof ParametersOf;

/** What they are to do. */
export type ProcedureParameters = ParametersOf[ProcedureName];

/** Makes procedures. What they need again and again they keep. */
export const procedures: {
  readonly [Name in ProcedureName]: (runner: Runner, parameters: ParametersOf[Name]) => Procedure;
} = {
  scan,
  'scatter-add': scatterAdd,
  'limited-matmul': limitedMatmul,
  'limited-encoded-matmul': encodedPrograms.limited,
  custom,
};
