import { float, random, space, type Storage, type StoredEvent, type StudyOptions } from '@espalier/search';

const domain = space({ x: float(0, 1) });

/** A study that several processes work on. Its workers vanish more often than retries usually allow for. */
export function sharedStudy(storage: string | Storage): StudyOptions<{ readonly x: number }, 'minimize loss'> {
  return {
    name: 'shared',
    storage,
    space: domain,
    objectives: ['minimize loss'],
    strategy: random(),
    retries: 1000,
    resume: true,
  };
}

/** What a study's log shows to be wrong: gaps in it, and trials that did not finish exactly once. */
export function flaws(events: readonly StoredEvent[]): readonly string[] {
  const finishes = new Map<number, number>();
  const begun = new Set<number>();
  const found: string[] = [];
  events.forEach(({ revision, event }, index) => {
    if (revision !== index + 1) found.push(`revision ${revision} in place ${index + 1}`);
    if (event.type === 'start' || event.type === 'enqueue') begun.add(event.number);
    if (event.type === 'finish') finishes.set(event.number, (finishes.get(event.number) ?? 0) + 1);
  });
  for (let number = 0; number < begun.size; number += 1) {
    if (!begun.has(number)) found.push(`number ${number} is missing`);
    if (finishes.get(number) !== 1) found.push(`trial ${number} finished ${finishes.get(number) ?? 0} times`);
  }
  return found;
}
