import { formatDuration } from '../terminal/format.ts';
import { style } from '../terminal/terminal.ts';
import type { Output } from '../terminal/terminal.ts';
import type { StudyStatus, WorkerStatus } from './status.ts';

const sparks = '▁▂▃▄▅▆▇█';
const sparkWidth = 32;

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

/** A number with as many digits as tell something. */
export function formatValue(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function metricsText(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${formatValue(value)}`)
    .join(', ');
}

function workerLine({ worker, trial, step, metrics, seconds }: WorkerStatus): string {
  const parts = [
    `trial ${trial}`,
    ...(step === undefined ? [] : [`step ${step}`]),
    metricsText(metrics),
    formatDuration(seconds),
  ];
  return `  ${worker}: ${parts.filter((part) => part !== '').join(' · ')}`;
}

/** A study's state as lines of text. */
export function renderStatus(status: StudyStatus, stream: Output): readonly string[] {
  const { counts, best, front, nearest, secondsLeft, workers, history, savedSeconds } = status;
  const head = `${status.study} · ${status.strategy} · seed ${status.seed} · ${status.storage}`;
  const shown = Object.entries(counts).filter(([state, count]) => count > 0 || state === 'complete');
  const lines = [style('bold', head, stream), `  ${shown.map(([state, count]) => `${count} ${state}`).join(' · ')}`];
  if (nearest !== undefined) {
    const part = Math.max(0, Math.min(1, nearest.progress));
    const full = Math.round(part * 24);
    const left = secondsLeft === undefined ? '' : ` · ${formatDuration(secondsLeft)} left`;
    lines.push(`  ${'█'.repeat(full)}${'░'.repeat(24 - full)} ${nearest.name}: ${nearest.message}${left}`);
  }
  if (best !== undefined) {
    const gain = best.gain === undefined ? '' : ` (better by ${formatValue(best.gain)})`;
    const spark = history.length > 1 ? `  ${style('cyan', sparkline(history), stream)}` : '';
    lines.push(`  best ${style('green', formatValue(best.value), stream)} in trial ${best.number}${gain}${spark}`);
  }
  if (front !== undefined)
    lines.push(`  front of ${front.length}: trials ${front.slice(0, 12).join(', ')}${front.length > 12 ? ', …' : ''}`);
  if (counts.pruned > 0) lines.push(`  early stopping saved about ${formatDuration(savedSeconds)} of work`);
  lines.push(...workers.map(workerLine));
  return lines;
}
