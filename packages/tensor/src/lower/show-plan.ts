/** Plans as text: the kernels in order, what each binds and computes, and where values live. */
import { showSpec } from '../kernel/show-spec.ts';
import { showShape } from '../shape/shape.ts';
import type { Plan, PlanBuffer, PlanStep, Slot } from './plan.ts';

/** What a plan does not know of itself. */
export interface PlanSurroundings {
  readonly device: string;
  /** Names of the values from outside. */
  readonly leaves: readonly string[];
  /** How many of the targets are given to the caller; the others are state. */
  readonly returned: number;
}

/** A plan as text, in lines. */
export function showPlan(plan: Plan, { device, leaves, returned }: PlanSurroundings): string {
  const nameOf = (slot: Slot): string => {
    if (slot.kind === 'leaf') return leaves[slot.index] as string;
    return `${slot.kind}${slot.index}${slot.kind === 'temporary' && slot.offset > 0 ? `+${slot.offset}` : ''}`;
  };
  const written = new Set(plan.steps.flatMap((step) => writesOf(step).map(nameOf)));
  const typed = (name: string, { dtype, shape }: PlanBuffer): string =>
    `${name} ${dtype} ${showShape(shape)}${leaves.includes(name) && written.has(name) ? ', overwritten' : ''}`;
  const given = plan.targets.slice(0, returned).map(nameOf);
  // Made where it is needed: the first takes milliseconds.
  const byNumber = new Intl.Collator('en', { numeric: true }).compare;
  return [
    `${counted(plan.steps.length, 'kernel')} on ${device}`,
    ...plan.leaves.map((leaf, index) => `  ${typed(leaves[index] as string, leaf)}`).toSorted(byNumber),
    ...plan.temporaries.map((bytes, index) => `  temporary${index} ${bytes} bytes`),
    ...plan.results.map((result, index) => `  ${typed(`result${index}`, result)}`),
    ...plan.steps.flatMap((step, place) => stepLines(step, place, nameOf)),
    ...(given.length > 0 ? [`returns ${given.join(', ')}`] : []),
  ].join('\n');
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function writesOf({ kernel: { spec }, slots }: PlanStep): Slot[] {
  return spec.bindings.flatMap(({ access }, binding) => (access === 'read' ? [] : [slots[binding] as Slot]));
}

function stepLines(
  { kernel: { spec, scratch = [] }, slots }: PlanStep,
  place: number,
  nameOf: (slot: Slot) => string,
): string[] {
  const names = slots.map(nameOf);
  const bound = (access: 'read' | 'write' | 'readwrite'): string =>
    spec.bindings
      .flatMap((binding, index) => (binding.access === access ? [`${names[index]} ${binding.dtype}`] : []))
      .join(', ');
  const roles = [
    ['reads', bound('read')],
    ['changes', bound('readwrite')],
    ['writes', bound('write')],
    [
      'works in',
      names
        .slice(spec.bindings.length)
        .map((name, piece) => `${name} ${scratch[piece]} bytes`)
        .join(', '),
    ],
  ] as const;
  const [head, ...lines] = showSpec(spec, names);
  return [
    `${place}: ${head}`,
    `  ${roles.flatMap(([role, values]) => (values === '' ? [] : [`${role} ${values}`])).join('; ')}`,
    ...lines.map((line) => `  ${line}`),
  ];
}
