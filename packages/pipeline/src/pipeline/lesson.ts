import type { Lesson } from '../jobs/jobs.ts';
import type { Pipeline } from './pipeline.ts';

/** What the models of a pipeline learn, and from what. */
export function lessonOf({ data, task }: Pick<Pipeline, 'data' | 'task'>): Lesson {
  return { source: data.source, ...(task === undefined ? {} : { task }) };
}
