/** The report as one page that can be mailed: styles and charts are in it, scripts are not. */
import type { Architecture, ArchitectureChoice, RunReport } from '@espalier/pipeline';
import { formatCount, formatDuration, formatPercent } from '../../terminal/format.ts';
import { accuracyAgainstBytes } from './accuracy-bytes.ts';
import { confusionMatrix } from './confusion-matrix.ts';
import { kernelsTable } from './kernels-table.ts';
import { learningCurves } from './learning-curves.ts';
import { html, nothing, type Markup } from './markup.ts';
import { searchHistory } from './search-history.ts';
import { styleSheet } from './style.ts';
import { summaryTable } from './summary-table.ts';

function pairs(entries: readonly (readonly [string, string])[]): Markup {
  return html`<dl>
    ${entries.map(
      ([term, text]) =>
        html`<dt>${term}</dt>
          <dd>${text}</dd>`,
    )}
  </dl>`;
}

function passesOf({ rows }: RunReport): readonly (readonly [string, string])[] {
  return rows.flatMap(({ name, passes }) => (passes.length > 0 ? [[name, passes.join('; then ')] as const] : []));
}

/** Something of a type with its options, as words. */
function describeChoice({ type, ...options }: { readonly type: string; readonly [option: string]: unknown }): string {
  const shown = Object.entries(options).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(3)) : String(value)}`,
  );
  return [type, ...shown].join(', ');
}

function architectureFacts(architecture: ArchitectureChoice): readonly (readonly [string, string])[] {
  if ('type' in architecture && architecture.type !== 'convolutional')
    return [['architecture', describeChoice(architecture)]];
  const { blocks, channels, kernel, hidden, activation, batchNorm } = architecture as Architecture;
  return [
    [
      'blocks',
      `${blocks} × (convolution ${kernel} × ${kernel}${batchNorm ? ', batch normalization' : ''}, ${activation}, pooling), ${channels} channels and doubling`,
    ],
    ['hidden layer', hidden === 0 ? 'none' : `${hidden} wide`],
  ];
}

function winnerFacts({
  winner: { architecture, initialiser, training },
}: RunReport): readonly (readonly [string, string])[] {
  return [
    ...architectureFacts(architecture),
    ['initialiser', initialiser],
    ['optimizer', describeChoice(training.optimizer)],
    ['schedule', training.schedule],
    ['batch', String(training.batch)],
  ];
}

function runFacts({
  seed,
  device,
  deviceDescription,
  seconds,
  versions,
}: RunReport): readonly (readonly [string, string])[] {
  const total = Object.values(seconds).reduce((sum, part) => sum + part, 0);
  const stages = Object.entries(seconds).map(([name, part]) => `${name} ${formatDuration(part)}`);
  return [
    ['device', `${device}: ${deviceDescription}`],
    ['seed', String(seed)],
    ['time', `${formatDuration(total)} (${stages.join(', ')})`],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
  ];
}

function section(heading: string, text: string, content: Markup, full = false): Markup {
  return html`<section class="${full ? 'full' : 'half'}">
    <h2>${heading}</h2>
    <p class="soft">${text}</p>
    ${content}
  </section>`;
}

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
  const { name, images, search, rows } = report;
  const winner = rows.find((row) => row.name === 'searched');
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
          ${formatCount(images.train)} training and ${formatCount(images.test)} test images · ${search.trials.length}
          trials, ${search.strategy} · searched model right on ${formatPercent(winner?.accuracy ?? 0)} of the test
          images
        </p>
        <main>
          ${section('The models', 'Accuracy and macro-F1 on the test images, which no decision was made by. Latency is measured, one image at a time, each model in turns with the searched one; the ratio has the interval that holds it at a confidence of 99.9 %.', html`${summaryTable(report)}${pairs(passesOf(report))}`, true)}
          ${kernelsSection(report)}
          ${section('Accuracy against bytes', 'Up and to the left is better.', accuracyAgainstBytes(report))}
          ${section('Search history', `Each dot is a trial, judged on ${formatCount(images.validation)} held-out training images; the line is the best so far. The search ${search.stopped}.`, searchHistory(report))}
          ${section('Learning curves', 'Mean training loss; the distilled student minimises another loss than the others.', learningCurves(report))}
          ${section('The winner', 'What the search found.', pairs(winnerFacts(report)))}
          ${section('Confusion matrix', 'The searched model on the test images: mistakes are coloured.', confusionMatrix(report), true)}
          ${section('The run', 'The same seed on the cpu device gives the same models, byte for byte.', pairs(runFacts(report)), true)}
        </main>
      </body>
    </html> `;
  return markup;
}
