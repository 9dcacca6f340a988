/** Trials in words and tables. */
import { own, type Study, type TrialRecord } from '@espalier/search';
import { firstLine } from '../errors.ts';
import { formatSpan, formatValue } from '../terminal/format.ts';
import { renderTable, type Column } from '../terminal/table.ts';
import { cut, type Output } from '../terminal/terminal.ts';
import { visibleLine } from '../terminal/visible.ts';

/** Metrics as a few words. */
export function metricsText(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${visibleLine(name)} ${formatValue(value)}`)
    .join(', ');
}

/** The parameters of a trial by path, as text. */
function parametersOf(study: Study, { config }: TrialRecord): readonly (readonly [string, string])[] {
  return [...study.space.flatten(config)].map(([path, { value }]) => [
    visibleLine(path),
    typeof value === 'number' ? formatValue(value) : visibleLine(String(value)),
  ]);
}

/** Of a failure's message, so much fits into a table. */
const failureWidth = 48;

/** Trials as a table, a column for each metric. */
export function renderTrials(study: Study, trials: readonly TrialRecord[], stream: Output): string {
  const { objectives, constraints } = study.criteria;
  const asked = [...objectives, ...constraints].map(({ metric }) => metric);
  const metrics = [...new Set([...asked, ...trials.flatMap((trial) => Object.keys(trial.metrics))])];
  const failures = trials.some(({ failure }) => failure !== undefined);
  const columns: readonly Column[] = [
    { heading: 'trial', align: 'right' },
    { heading: 'state' },
    ...metrics.map((heading) => ({ heading, align: 'right' as const })),
    { heading: 'time', align: 'right' },
    { heading: 'how' },
    ...(failures ? [{ heading: 'failure' }] : []),
    { heading: 'config' },
  ];
  const rows = trials.map((trial) => {
    const { number, state, failure, spent, origin } = trial;
    const values = metrics.map((name) => own(trial.metrics, name));
    return [
      String(number),
      failure === undefined ? state : `failed (${failure.kind})`,
      ...values.map((value) => (value === undefined ? '' : formatValue(value))),
      spent === 0 ? '' : formatSpan(spent / 1000),
      origin.operator,
      ...(failures ? [cut(firstLine(failure?.message ?? ''), failureWidth)] : []),
      parametersOf(study, trial)
        .map(([path, value]) => `${path}=${value}`)
        .join(' '),
    ];
  });
  return renderTable(columns, rows, stream);
}

/** A trial's metrics, and its config with one parameter a line. */
function renderOne(study: Study, trial: TrialRecord, heading: string): string {
  const parameters = parametersOf(study, trial);
  const width = Math.max(0, ...parameters.map(([path]) => path.length));
  const lines = parameters.map(([path, value]) => `  ${path.padEnd(width)}  ${value}`);
  return [`${heading}: trial ${trial.number}, ${metricsText(trial.metrics)}`, ...lines].join('\n');
}

/** What a study has found: the best trial with its config, or the trials of the front. */
export function renderBest(study: Study, stream: Output): string {
  const { front } = study;
  if (front.length > 0 && study.criteria.objectives.length > 1) {
    return `the front:\n${renderTrials(study, front, stream)}`;
  }
  if (front[0] !== undefined) return renderOne(study, front[0], 'the best');
  const paused = study.trials.filter(({ state }) => state === 'paused').length;
  const none = 'no trial is complete and feasible yet';
  if (paused === 0) return none;
  const wait = `${none}; ${paused} are paused until the strategy goes on with them`;
  const leading = study.criteria.objectives.length === 1 ? study.leading : undefined;
  if (leading === undefined) return wait;
  const steps = leading.reports.at(-1)?.step ?? 0;
  return `${wait}\n${renderOne(study, leading, `in the lead after ${steps} steps`)}`;
}
