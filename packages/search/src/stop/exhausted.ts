/** Ends a run when there is nothing left to try. */
import type { StopCondition } from './stop-condition.ts';

/** Stops when every config of a finite space has been tried. An infinite space never is. */
export function exhausted(): StopCondition {
  return {
    name: 'exhausted()',
    check: ({ history, space: { size } }) => {
      const { size: tried } = history.tried;
      return {
        fired: tried >= size && history.waiting === 0,
        progress: Math.min(1, tried / size),
        message: `${tried} of ${size} configs`,
      };
    },
  };
}
