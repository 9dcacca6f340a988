/** The report as one page that can be mailed: styles and charts are in it, scripts are not. */
import type { RunReport } from '@espalier/pipeline';
import { formatCount, formatPercent } from '../../terminal/format.ts';
import { accuracyAgainstBytes } from './accuracy-bytes.ts';
import { confusionMatrix } from './confusion-matrix.ts';
import { pairs, passFacts, runFacts, section, winnerFacts } from './facts.ts';
import { page } from './frame.ts';
import { kernelsTable } from './kernels-table.ts';
import { learningCurves } from './learning-curves.ts';
import { html, nothing, type Markup } from './markup.ts';
import { searchHistory } from './search-history.ts';
import { summaryTable } from './summary-table.ts';

/** Nothing where no weight is stored in a format. */
function kernelsSection(report: RunReport): Markup {
  const table = kernelsTable(report);
  return table === nothing
    ? nothing
    : section(
        'What the compressed weights run on',
        'For one image at a time, by the costs of products on this device: from the arrays as they are stored, or from a dense copy where that is faster.',
        table,
        true,
      );
}

/** The report of a run as one page that needs nothing beside itself. */
export function reportPage(report: RunReport): string {
  const { name, examples, search, rows } = report;
  const winner = rows.find((row) => row.name === 'searched');
  return page(
    name,
    html`
      ${formatCount(examples.train)} training and ${formatCount(examples.test)} test images · ${search.trials.length}
      trials, ${search.strategy} · searched model right on ${formatPercent(winner?.accuracy ?? 0)} of the test images
    `,
    html`
      ${section('The models', 'Accuracy and macro-F1 on the test images, which no decision was made by. Latency is measured, one image at a time, each model in turns with the searched one; the ratio has the interval that holds it at a confidence of 99.9 %.', html`${summaryTable(report)}${pairs(passFacts(report))}`, true)}
      ${kernelsSection(report)}
      ${section('Accuracy against bytes', 'Up and to the left is better.', accuracyAgainstBytes(report))}
      ${section('Search history', `Each dot is a trial, judged on ${formatCount(examples.validation)} held-out training images; the line is the best so far. The search ${search.stopped}.`, searchHistory(search))}
      ${section('Learning curves', 'Mean training loss; the distilled student minimises another loss than the others.', learningCurves(report))}
      ${section('The winner', 'What the search found.', pairs(winnerFacts(report.winner)))}
      ${section('Confusion matrix', 'The searched model on the test images: mistakes are coloured.', confusionMatrix(report), true)}
      ${section('The run', 'The same seed on the cpu device gives the same models, byte for byte.', pairs(runFacts(report)), true)}
    `,
  );
}
