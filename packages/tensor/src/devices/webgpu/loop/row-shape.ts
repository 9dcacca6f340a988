/** How many rows and lanes a workgroup of a row kernel has. */
import type { LoopSpec } from '../../../kernel/spec.ts';
import { at, clamp, powerOfTwoFrom, prod } from '../numbers.ts';
import type { Profile } from '../program.ts';

/** A workgroup folds `rows` rows with `lanes` invocations each; both are powers of two. */
export interface RowShape {
  readonly rows: number;
  readonly lanes: number;
  /**
   * How lanes are folded: in a `tree` with a barrier per level, or by `each` lane going through all. Barriers make an
   * emulated GPU slow, and a loop around them makes it slow to compile.
   */
  readonly fold: 'tree' | 'each';
}

/** Rows up to this length are walked by one invocation. */
const shortRow = 16;
/** With this many rows there are enough invocations without splitting a row. */
const manyRows = 32768;
/** An emulated GPU runs workgroups on a few cores: this many rows keep them busy without barriers. */
const manyRowsInSoftware = 64;
const mostLanesInSoftware = 32;

/** Whether neighbouring rows (rather than neighbouring points of a row) are neighbours in memory, by majority of the loads. */
function rowsAreNeighbours(spec: LoopSpec): boolean {
  const votes = spec.body.map((step) => {
    if (step.kind !== 'load') return 0;
    const inner = Math.abs(at(step.access.strides, step.access.strides.length - 1));
    const outer = spec.outer.length === 0 ? 0 : Math.abs(at(step.access.strides, spec.outer.length - 1));
    return inner === 1 || inner === 0 ? -Number(inner === 1) : Number(outer === 1);
  });
  return votes.reduce<number>((sum, vote) => sum + vote, 0) > 0;
}

/** The shape for a loop with inner dimensions. */
export function rowShape(spec: LoopSpec, profile: Profile): RowShape {
  const rows = prod(spec.outer);
  const length = prod(spec.inner);
  const fold = profile.software ? 'each' : 'tree';
  // Every reduction keeps a word per invocation in workgroup memory.
  const words = Math.floor(
    profile.workgroupBytes / 4 / Math.max(1, spec.body.filter(({ kind }) => kind === 'reduce').length),
  );
  const mostInvocations = Math.min(256, profile.maxInvocations, powerOfTwoFrom(words / 2));
  const most = Math.min(mostInvocations, profile.software ? mostLanesInSoftware : 256);
  if (length <= shortRow || (profile.software && rows >= manyRowsInSoftware))
    return { rows: Math.min(64, powerOfTwoFrom(rows)), lanes: 1, fold };
  if (rowsAreNeighbours(spec)) {
    if (rows >= manyRows) return { rows: 64, lanes: 1, fold };
    const columns = Math.min(32, powerOfTwoFrom(rows), most);
    return { rows: columns, lanes: clamp(powerOfTwoFrom(length / 16), 1, Math.max(1, most / columns)), fold };
  }
  const lanes = clamp(powerOfTwoFrom(length / 4), 1, most);
  return { rows: Math.min(Math.max(1, Math.min(64, mostInvocations) / lanes), powerOfTwoFrom(rows)), lanes, fold };
}
