/** One bar for many pieces of work, so that a run with several rows shows how far it is as a whole. */
import type { Progress } from './host.ts';
import type { ProgressListener } from '../jobs/job.ts';

/** One bar for several pieces of work that run side by side or one after the other. */
export interface SharedBar {
  /** The listener of one piece, which counts for so much of the whole. */
  piece(name: string, weight?: number): ProgressListener;
  finish(note?: string): void;
}

/** Opens a bar whose pieces weigh so much together. */
export function sharedBar(progress: Progress, label: string, total: number): SharedBar {
  const bar = progress.start(label, total);
  const parts = new Map<string, number>();
  return {
    piece: (name, weight = 1) => {
      parts.set(name, 0);
      return (done, of, note) => {
        parts.set(name, of > 0 ? (weight * done) / of : weight);
        const sum = [...parts.values()].reduce((before, part) => before + part, 0);
        bar.update(sum, note === '' ? name : `${name}: ${note}`);
      };
    },
    finish: (note) => bar.finish(note),
  };
}
