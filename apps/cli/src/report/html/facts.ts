/** Parts that the pages of all runs have: sections, and facts as terms with words. */
import type { Architecture, ArchitectureChoice, Candidate, Report } from '@espalier/pipeline';
import { formatDuration } from '../../terminal/format.ts';
import { weightsText } from '../class-weights.ts';
import { html, type Markup } from './markup.ts';

/** Terms with what there is to say of each. */
export function pairs(entries: readonly (readonly [string, string])[]): Markup {
  return html`<dl>
    ${entries.map(
      ([term, text]) =>
        html`<dt>${term}</dt>
          <dd>${text}</dd>`,
    )}
  </dl>`;
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

/** What was done to each model that passes made, as terms and words. */
export function passFacts({
  rows,
}: {
  readonly rows: readonly { readonly name: string; readonly passes: readonly string[] }[];
}): readonly (readonly [string, string])[] {
  return rows.flatMap(({ name, passes }) => (passes.length > 0 ? [[name, passes.join('; then ')] as const] : []));
}

/** What the search found, as terms and words. */
export function winnerFacts({
  architecture,
  initialiser,
  training,
}: Candidate): readonly (readonly [string, string])[] {
  return [
    ...architectureFacts(architecture),
    ['initialiser', initialiser],
    ['optimizer', describeChoice(training.optimizer)],
    ['schedule', training.schedule],
    ['batch', String(training.batch)],
  ];
}

/** How a run went: where, from which seed, how long, by which versions. */
export function runFacts({
  seed,
  device,
  deviceDescription,
  seconds,
  versions,
  classWeights,
}: Pick<
  Report,
  'seed' | 'device' | 'deviceDescription' | 'seconds' | 'versions' | 'classWeights'
>): readonly (readonly [string, string])[] {
  const total = Object.values(seconds).reduce((sum, part) => sum + part, 0);
  const stages = Object.entries(seconds).map(([name, part]) => `${name} ${formatDuration(part)}`);
  return [
    ['device', `${device}: ${deviceDescription}`],
    ['seed', String(seed)],
    ...(classWeights ? [['class weights in training', weightsText(classWeights)] as const] : []),
    ['time', `${formatDuration(total)} (${stages.join(', ')})`],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
  ];
}

/** A part of a page with its heading. */
export function section(heading: string, text: string, content: Markup, full = false): Markup {
  return html`<section class="${full ? 'full' : 'half'}">
    <h2>${heading}</h2>
    <p class="soft">${text}</p>
    ${content}
  </section>`;
}
