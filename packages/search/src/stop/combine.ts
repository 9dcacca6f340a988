/** Stop conditions made of others. */
import { ValueError } from '../errors.ts';
import type { StopCondition, StopVerdict } from './stop-condition.ts';

function combine(word: 'any' | 'all', conditions: readonly StopCondition[]): StopCondition {
  if (conditions.length === 0) throw new ValueError(`${word}: got no conditions: give at least one`);
  return {
    name: `${word}(${conditions.map(({ name }) => name).join(', ')})`,
    check: (state): StopVerdict => {
      const verdicts = conditions.map((condition) => condition.check(state));
      const fired = verdicts.filter((verdict) => verdict.fired);
      const progress = verdicts.map((verdict) => verdict.progress);
      const shown = word === 'any' && fired.length > 0 ? fired : verdicts;
      return {
        fired: word === 'any' ? fired.length > 0 : fired.length === verdicts.length,
        progress: word === 'any' ? Math.max(...progress) : Math.min(...progress),
        message: shown.map(({ message }) => message).join(word === 'any' ? ', or ' : ', and '),
      };
    },
  };
}

/**
 * Stops when any of the conditions does.
 * @throws {ValueError} when there are none.
 */
export function any(...conditions: readonly StopCondition[]): StopCondition {
  return combine('any', conditions);
}

/**
 * Stops when all of the conditions do at once.
 * @throws {ValueError} when there are none.
 */
export function all(...conditions: readonly StopCondition[]): StopCondition {
  return combine('all', conditions);
}
