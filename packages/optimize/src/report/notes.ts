/** Plain sentences on what compression did not bring. */
import { check } from '@espalier/tensor/arguments';
import type { ModelReport } from './report.ts';
import { aModelReport } from './rules.ts';
import { showBytes, showRatio, showShare } from './format.ts';

/** A note on a pair of models, if there is something to say. */
type Note = (before: ModelReport, after: ModelReport) => string | undefined;

const rules: readonly Note[] = [
  (_, { latencyRatio, cost: { latency } }) => {
    if (!latencyRatio || latencyRatio.verdict === 'faster') return undefined;
    const where = latency ? ` on ${latency.device}` : '';
    return `It is ${latencyRatio.verdict}${where}: it takes ${showRatio(latencyRatio)} of the time before.`;
  },
  (_, { cost: { perParameter } }) =>
    perParameter.some(({ layout, kernel }) => (layout === 'csr' || layout === 'bitmask') && !kernel)
      ? 'The zeros are not skipped when it runs: sparse weights are stored small and computed dense.'
      : undefined,
  (_, { cost: { perParameter } }) => {
    const dense = perParameter.filter(({ kernel }) => kernel?.kernel === 'dense');
    const why = dense.map(({ name, kernel }) => `${name} (${kernel?.reason})`).join(', ');
    return dense.length > 0 ? `Stored in a format and computed dense, which is faster there: ${why}.` : undefined;
  },
  ({ cost: was }, { cost: is }) =>
    is.memoryBytes >= was.memoryBytes
      ? `It takes as much memory as before when it runs: ${showBytes(is.memoryBytes)}.`
      : undefined,
  ({ cost: was }, { cost: is }) =>
    is.bytes >= was.bytes
      ? `Its file did not get smaller: ${showBytes(was.bytes)} before, ${showBytes(is.bytes)} after.`
      : undefined,
  ({ validation: was }, { validation: is }) => {
    if (!was.interval || !is.interval || is.value >= was.value) return undefined;
    return is.interval.high >= was.value
      ? `The loss of ${showShare(was.value - is.value)} is no more than chance can do with ${is.examples} examples.`
      : undefined;
  },
];

/** What to say about a model and what became of it, in plain sentences. */
export function notesOn(before: ModelReport, after: ModelReport): string[] {
  check('notesOn', 'before', before, aModelReport);
  check('notesOn', 'after', after, aModelReport);
  return rules.flatMap((rule) => rule(before, after) ?? []);
}
