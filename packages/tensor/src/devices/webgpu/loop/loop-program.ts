/** Loop specs as programs. */
import { dtypes } from '../../../dtype/dtype.ts';
import { collapse } from '../../../kernel/collapse.ts';
import type { LoopSpec } from '../../../kernel/spec.ts';
import { prod } from '../numbers.ts';
import type { Profile, Program, Stage } from '../program.ts';
import { mapStage } from './map-kernel.ts';
import { rowStage } from './row-kernel.ts';
import { rowShape } from './row-shape.ts';
import { splitReduction } from './split-reduction.ts';

/** One line that says what a loop does, for labels and errors. */
export function describeLoop(spec: LoopSpec): string {
  const operations = [
    ...new Set(
      spec.body.flatMap((step) =>
        step.kind === 'scalar' ? [step.op] : step.kind === 'reduce' ? [`reduce ${step.op}`] : [],
      ),
    ),
  ];
  const space = `[${spec.outer.join(', ')}]${spec.inner.length === 0 ? '' : ` by [${spec.inner.join(', ')}]`}`;
  return `loop over ${space}: ${operations.length === 0 ? 'copy' : operations.slice(0, 12).join(', ')}`;
}

/** The stage of a loop that is not split; undefined if there is nothing to do. */
export function loopStage(spec: LoopSpec, profile: Profile, title: string): Stage | undefined {
  if (prod(spec.outer) === 0) return undefined;
  return spec.inner.length === 0 ? mapStage(spec, profile, title) : rowStage(spec, rowShape(spec, profile), title);
}

/** The program of a loop. */
export function loopProgram(spec: LoopSpec, profile: Profile, label: string = describeLoop(spec)): Program {
  const collapsed = collapse(spec);
  const split = splitReduction(collapsed);
  if (split === undefined || split.parts.bindings.length > profile.maxBindings) {
    const stage = loopStage(collapsed, profile, label);
    return { label, stages: stage === undefined ? [] : [stage], scratch: [] };
  }
  const parts = loopStage(split.parts, profile, `${label} (parts)`);
  const whole = loopStage(split.whole, profile, `${label} (whole)`);
  const scratch = split.parts.bindings
    .slice(split.firstScratch)
    .map(({ dtype }) => split.scratchLength * dtypes[dtype].bytes);
  return { label, stages: [parts, whole].filter((stage) => stage !== undefined), scratch };
}
