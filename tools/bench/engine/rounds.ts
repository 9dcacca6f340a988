/** Rounds of a row: each of its subjects on its own, in an order that rotates. */
import type { Answer } from './answer.ts';
import { subjectsOf, type Scope, type Subject } from './claims.ts';
import type { Place } from './place.ts';
import type { Row } from './row.ts';
import { median } from './timing.ts';

/** How a row is measured. */
export interface RoundsOptions extends Scope {
  readonly rounds: number;
  readonly python: string;
  readonly place: Place;
}

/** What became of a subject. */
export interface Measured {
  readonly subject: Subject;
  readonly description: string;
  /** Median over the rounds, of a step. */
  readonly milliseconds?: number;
  /** Half of what lies between the fastest and the slowest round, as a share of the median. */
  readonly spread?: number;
  readonly cannot?: string;
}

/** Measures a row. A subject that cannot do it is left out of further rounds. */
export async function measured(
  row: Row,
  { rounds, python, place, ...scope }: RoundsOptions,
): Promise<readonly Measured[]> {
  const subjects = subjectsOf(row, scope);
  const answers = new Map<Subject, Answer[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const before = answers.get(subject) ?? [];
      if (before.some(({ cannot }) => cannot !== undefined)) continue;
      const { engine, threads, storage, op } = subject;
      before.push(await place.ask({ row: row.name, engine, threads, storage, op, python, checked: round === 0 }));
    }
  }
  return [...answers].map(([subject, all]) => {
    const description = all.at(-1)?.description ?? subject.engine;
    const cannot = all.find((each) => each.cannot !== undefined)?.cannot;
    if (cannot !== undefined) return { subject, description, cannot };
    const times = all.map((each) => each.milliseconds ?? Number.NaN);
    const milliseconds = median(times);
    const spread = (Math.max(...times) - Math.min(...times)) / 2 / milliseconds;
    return { subject, description, milliseconds, spread };
  });
}
