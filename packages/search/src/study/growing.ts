/** Keeps what was made of a list that only grows, so that a long study does not go through all of it at each step. */
import type { History } from './history.ts';
import type { TrialRecord } from './trial-record.ts';

/** What was made of the finished trials up to one. */
interface Progress<State> {
  readonly criteria: History['criteria'];
  readonly state: State;
  readonly last: TrialRecord | undefined;
  readonly count: number;
}

/**
 * A state that finished trials add to one by one, for whoever asks for it again and again while they grow: what the list
 * began with last time is not gone through anew. `add` gives the next state, or changes the one it gets.
 * @returns gives the state after the first so many finished trials of a history; default all
 */
export function growing<State>(
  begin: (history: History) => State,
  add: (state: State, trial: TrialRecord) => State,
): (history: History, count?: number) => State {
  let known: Progress<State> | undefined;
  return (history, count = history.finished.length) => {
    const { criteria, finished } = history;
    const goesOn = known?.criteria === criteria && known.count <= count && finished[known.count - 1] === known.last;
    let { state, count: seen } = goesOn && known !== undefined ? known : { state: begin(history), count: 0 };
    for (; seen < count; seen += 1) state = add(state, finished[seen] as TrialRecord);
    known = { criteria, state, last: finished[count - 1], count };
    return state;
  };
}
