/** The report of a run on tables, pictures or text as one page: models beside what is reached without a network. */
import type { Judgement, Report } from '@espalier/pipeline';
import { formatBytes, formatCount, formatPercent } from '../../terminal/format.ts';
import { confusionMatrix } from './confusion-matrix.ts';
import { pairs, runFacts, section, winnerFacts } from './facts.ts';
import { learningCurves } from './learning-curves.ts';
import { html, nothing, type Markup } from './markup.ts';
import { scatter } from './scatter.ts';
import { searchHistory } from './search-history.ts';
import { styleSheet } from './style.ts';

/** A report with what models and baselines are on the test part of the data. */
type JudgedReport = Report & {
  readonly judged: readonly Judgement[];
  readonly confusion?: readonly (readonly number[])[];
  readonly classes?: readonly string[];
};

/** Fields of a trial that are no score. */
const ofTrial = new Set(['number', 'operator', 'config']);

const brief = (value: number): string => String(Number(value.toPrecision(4)));

/** A metric with its interval where there is one. */
function figure({ metrics, intervals }: Judgement, name: string): string {
  const [value, interval] = [metrics[name], intervals[name]];
  if (value === undefined) return '';
  return interval ? `${brief(value)} (${brief(interval.low)} to ${brief(interval.high)})` : brief(value);
}

function judgedTable(judged: readonly Judgement[]): Markup {
  const names = [...new Set(judged.flatMap(({ metrics }) => Object.keys(metrics)))];
  const heads = [...names, 'weights'].map((name) => html`<th scope="col">${name}</th>`);
  const rows = judged.map((each) => {
    const cells = names.map((name) => html`<td data-heading="${name}">${figure(each, name)}</td>`);
    const bytes = each.weightBytes === undefined ? '' : formatBytes(each.weightBytes);
    return html`<tr>
      <th scope="row">${each.name}</th>
      ${cells}
      <td data-heading="weights">${bytes}</td>
    </tr>`;
  });
  return html`<table class="summary">
    <thead>
      <tr>
        <th scope="col">model</th>
        ${heads}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** The search, by whatever score the task has. */
function searchSection({ search, images }: JudgedReport): Markup {
  if (!search) return nothing;
  const [name = ''] = search.trials.flatMap((trial) => Object.keys(trial).filter((key) => !ofTrial.has(key)));
  const scores = search.trials.flatMap((trial) => {
    const score: unknown = Reflect.get(trial, name);
    return typeof score === 'number' ? [{ number: trial.number, score }] : [];
  });
  const best = scores.find(({ number }) => number === search.best)?.score ?? 0;
  const history = searchHistory(search, {
    name,
    text: name === 'accuracy' ? (value) => formatPercent(value) : brief,
    falls: scores.some(({ score }) => score > best),
  });
  return section(
    'Search history',
    `Each dot is a trial, judged on ${formatCount(images.validation)} held-out training examples; the line is the best so far. The search ${search.stopped}.`,
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
  const { name, images, judged, rows, winner, confusion, classes } = report;
  const passes = rows.flatMap((row) =>
    row.passes.length > 0 ? [[row.name, row.passes.join('; then ')] as const] : [],
  );
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${name} · espalier</title>
        <style>
          ${{ markup: styleSheet }}
        </style>
      </head>
      <body>
        <h1>${name}</h1>
        <p class="soft">
          ${formatCount(images.train)} ${examples} to learn from, ${formatCount(judged[0]?.examples ?? images.test)} to
          judge by, which no decision was made by
        </p>
        <main>
          ${section('The models', 'Each with the interval that holds the true value in 95 of 100 cases, beside what is reached without a network.', html`${judgedTable(judged)}${pairs(passes)}`, true)}
          ${searchSection(report)} ${section('Learning curves', 'Mean training loss.', learningCurves(report))}
          ${winner ? section('The winner', 'What the search found.', pairs(winnerFacts(winner))) : nothing}
          ${scatters(judged, examples)}
          ${confusion ? section('Confusion matrix', `The model on the ${examples} it is judged by: mistakes are coloured.`, confusionMatrix({ confusion, ...(classes && { classes }) }), true) : nothing}
          ${section('The run', 'The same seed on the cpu device gives the same models, byte for byte.', pairs(runFacts(report)), true)}
        </main>
      </body>
    </html> `;
  return markup;
}
