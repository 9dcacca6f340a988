/** How a study stands, as lines of text. */
import { firstLine } from '../errors.ts';
import { formatDuration, formatSpan, formatValue } from '../terminal/format.ts';
import { columnsOf, style, widthOf, type Output } from '../terminal/terminal.ts';
import { visibleLine } from '../terminal/visible.ts';
import { metricsText } from './describe-trial.ts';
import type { StudyStatus, WorkerStatus } from './status.ts';

const sparks = '▁▂▃▄▅▆▇█';
const sparkWidth = 32;
/** With less room than this the bars tell nothing. */
const leastSpark = 6;

/** Numbers as a row of little bars, the latest on the right; by their logarithms where they span two decades. */
export function sparkline(values: readonly number[], width: number = sparkWidth): string {
  const step = Math.max(1, values.length / width);
  const count = Math.min(width, values.length);
  const shown = Array.from(
    { length: count },
    (_, index) => values[Math.floor(values.length - 1 - index * step)] ?? 0,
  ).toReversed();
  const wide = shown.every((value) => value > 0) && Math.max(...shown) > 100 * Math.min(...shown);
  const heights = wide ? shown.map(Math.log) : shown;
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  return heights
    .map((value) => sparks[high === low ? 0 : Math.round(((value - low) / (high - low)) * (sparks.length - 1))])
    .join('');
}

function workerLine({ worker, trial, step, metrics, seconds }: WorkerStatus): string {
  const parts = [
    `trial ${trial}`,
    ...(step === undefined ? [] : [`step ${step}`]),
    metricsText(metrics),
    formatDuration(seconds),
  ];
  return `  ${visibleLine(worker)}: ${parts.filter((part) => part !== '').join(' · ')}`;
}

/** A study's state as lines of text. */
export function renderStatus(status: StudyStatus, stream: Output): readonly string[] {
  const { counts, best, front, nearest, secondsLeft, workers, history, savedSeconds, lastFailure } = status;
  const head = visibleLine(`${status.study} · ${status.strategy} · seed ${status.seed} · ${status.storage}`);
  const shown = Object.entries(counts).filter(([state, count]) => count > 0 || state === 'complete');
  const lines = [style('bold', head, stream), `  ${shown.map(([state, count]) => `${count} ${state}`).join(' · ')}`];
  if (nearest !== undefined) {
    const part = Math.max(0, Math.min(1, nearest.progress));
    const full = Math.round(part * 24);
    const left = secondsLeft === undefined ? '' : ` · ${formatDuration(secondsLeft)} left`;
    lines.push(`  ${'█'.repeat(full)}${'░'.repeat(24 - full)} ${visibleLine(firstLine(nearest.message))}${left}`);
  }
  if (best !== undefined) {
    const gain = best.gain === undefined ? '' : ` (better by ${formatValue(best.gain)})`;
    const metric = visibleLine(status.objectives[0]?.split(' ').at(-1) ?? '');
    const line = `  best ${metric} ${style('green', formatValue(best.value), stream)} in trial ${best.number}${gain}`;
    const room = Math.min(sparkWidth, columnsOf(stream) - widthOf(line) - 2);
    const beside = room >= leastSpark;
    const spark = style('cyan', sparkline(history, beside ? room : sparkWidth), stream);
    if (history.length < 2) lines.push(line);
    else lines.push(...(beside ? [`${line}  ${spark}`] : [line, `  ${spark}`]));
  }
  if (front !== undefined)
    lines.push(`  front of ${front.length}: trials ${front.slice(0, 12).join(', ')}${front.length > 12 ? ', …' : ''}`);
  if (counts.pruned > 0) lines.push(`  early stopping saved about ${formatSpan(savedSeconds)} of work`);
  if (lastFailure !== undefined)
    lines.push(
      `  last failure: trial ${lastFailure.number}, ${lastFailure.kind}: ${visibleLine(firstLine(lastFailure.message))}`,
    );
  lines.push(...workers.map(workerLine));
  return lines;
}
