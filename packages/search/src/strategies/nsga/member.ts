/** Complete trials as NSGA-II and NSGA-III compare them. */
import type { ActiveParameter, Space } from '../../space/space.ts';
import { dominates, losses, nonDominatedSort, totalViolation, type Criteria } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';

/** A complete trial as generations select it. */
export interface Member {
  readonly trial: TrialRecord;
  /** Its objectives, turned so that less is better. */
  readonly point: readonly number[];
  /** By how much it breaks the constraints. */
  readonly broken: number;
  /** What decides between members of no domination; more is better. Set by survival. */
  merit: number;
  /** Set by {@link flatOf}. */
  flat?: { readonly space: Space; readonly parameters: ReadonlyMap<string, ActiveParameter> };
}

/** Makes a member of a complete trial. */
export function memberOf(trial: TrialRecord, criteria: Criteria): Member {
  return { trial, point: losses(trial, criteria), broken: totalViolation(trial, criteria), merit: 0 };
}

/** Constrained domination, as Deb et al. 2002: below 0 when `a` is better, above 0 when `b` is, else 0. */
export function compareMembers(a: Member, b: Member): number {
  if (a.broken !== b.broken) return a.broken < b.broken ? -1 : 1;
  if (a.broken > 0) return 0;
  return dominates(a.point, b.point) ? -1 : dominates(b.point, a.point) ? 1 : 0;
}

/** Members by front, the infeasible after all others, one front for each violation. */
export function frontsOf(members: readonly Member[]): readonly (readonly Member[])[] {
  const feasible = members.filter(({ broken }) => broken === 0);
  const fronts: Member[][] = [];
  const ranks = nonDominatedSort(feasible.map(({ point }) => point));
  for (const [index, member] of feasible.entries()) (fronts[ranks[index] ?? 0] ??= []).push(member);
  const broken = members.filter((member) => member.broken > 0).toSorted((a, b) => a.broken - b.broken);
  for (const member of broken) {
    const last = fronts.at(-1);
    if (last?.[0]?.broken === member.broken) last.push(member);
    else fronts.push([member]);
  }
  return fronts;
}

/** The active parameters of a member's config, looked up once: a parent is asked for them again and again. */
export function flatOf(space: Space, member: Member): ReadonlyMap<string, ActiveParameter> {
  if (member.flat?.space !== space) member.flat = { space, parameters: space.flatten(member.trial.config) };
  return member.flat.parameters;
}
