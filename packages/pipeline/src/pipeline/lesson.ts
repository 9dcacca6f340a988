/** The part of a pipeline that jobs need to know: what is learned, and from what. */
import type { Lesson } from '../data/source.ts';
import type { Pipeline } from './pipeline.ts';

/** What the models of a pipeline learn, and from what. */
export function lessonOf({ data, task }: Pick<Pipeline, 'data' | 'task'>): Lesson {
  const { source, classWeights } = data;
  return { source, ...(task !== undefined && { task }), ...(classWeights !== undefined && { classWeights }) };
}
