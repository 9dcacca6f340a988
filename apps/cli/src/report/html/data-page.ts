/** The report of a run on tables, pictures or text as one page: models beside what is reached without a network. */
import type { Judgement, Report } from '@espalier/pipeline';
import { formatCount, formatPercent } from '../../terminal/format.ts';
import { brief, judgedCells } from '../judged-cells.ts';
import { foldsText, scoreName } from '../folds.ts';
import { confusionMatrix } from './confusion-matrix.ts';
import { pairs, passFacts, runFacts, section, winnerFacts } from './facts.ts';
import { page } from './frame.ts';
import { learningCurves } from './learning-curves.ts';
import { html, nothing, type Markup } from './markup.ts';
import { scatter } from './scatter.ts';
import { searchHistory } from './search-history.ts';
import { summary } from './summary-table.ts';

/** A report with what models and baselines are on the test part of the data. */
type JudgedReport = Report & {
  readonly judged: readonly Judgement[];
  readonly confusion?: readonly (readonly number[])[];
  readonly classes?: readonly string[];
};

function judgedTable(judged: readonly Judgement[]): Markup {
  const { headings, rows } = judgedCells(judged);
  return summary(
    headings,
    rows.map(([name, ...cells]) => [html`${name}`, cells]),
  );
}

/** The search, by whatever score the task has. */
function searchSection({ search, examples }: JudgedReport): Markup {
  if (!search) return nothing;
  const name = scoreName(search);
  const scores = search.trials.flatMap((trial) => {
    const score: unknown = Reflect.get(trial, name);
    return typeof score === 'number' ? [{ number: trial.number, score }] : [];
  });
  const best = scores.find(({ number }) => number === search.best)?.score ?? 0;
  const folds = search.trials[search.best]?.folds?.length;
  const judgedOn =
    folds === undefined
      ? `on ${formatCount(examples.validation)} held-out training examples`
      : `by its mean over ${folds} folds of the examples that are not for the test`;
  const history = searchHistory(search, {
    name,
    text: name === 'accuracy' ? (value) => formatPercent(value) : brief,
    falls: scores.some(({ score }) => score > best),
  });
  return section(
    'Search history',
    `Each dot is a trial, judged ${judgedOn}; the line is the best so far. The search ${search.stopped}. ${foldsText({ search }).join(' ')}`,
    history,
  );
}

/** What the first model says of single examples, where it says numbers. */
function scatters(judged: readonly Judgement[], examples: string): Markup {
  const parts = (judged[0]?.points ?? []).map((points) =>
    section(
      `Predicted ${points.name}`,
      `The model on ${formatCount(points.actual.length)} of the ${examples} it is judged by; on the line it is right.`,
      scatter(points),
    ),
  );
  return html`${parts}`;
}

/** The report of a run on data of one kind; examples are called such as `pictures`. */
export function dataPage(report: JudgedReport, examples: string): string {
  const { name, examples: counts, judged, winner, confusion, classes } = report;
  return page(
    name,
    html`
      ${formatCount(counts.train)} ${examples} to learn from, ${formatCount(judged[0]?.examples ?? counts.test)} to
      judge by, which no decision was made by
    `,
    html`
      ${section('The models', 'Each with the interval that holds the true value in 95 of 100 cases, beside what is reached without a network.', html`${judgedTable(judged)}${pairs(passFacts(report))}`, true)}
      ${searchSection(report)} ${section('Learning curves', 'Mean training loss.', learningCurves(report))}
      ${winner ? section('The winner', 'What the search found.', pairs(winnerFacts(winner))) : nothing}
      ${scatters(judged, examples)}
      ${confusion ? section('Confusion matrix', `The model on the ${examples} it is judged by: mistakes are coloured.`, confusionMatrix({ confusion, ...(classes && { classes }) }), true) : nothing}
      ${section('The run', 'The same seed on the cpu device gives the same models, byte for byte.', pairs(runFacts(report)), true)}
    `,
  );
}
