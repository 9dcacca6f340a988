/** A table that was measured, and how it is shown. */
import { aText, anObject, oneOf, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { optional, partsOf } from '../arguments.ts';
import type { StepConfig } from '../recipe/pass.ts';
import { showBytes, showMs } from '../report/format.ts';
import type { SensitivityLayer, SensitivityOption, SensitivityTable } from './table.ts';

/** A way to make a layer smaller that was measured. */
export interface MeasuredOption extends SensitivityOption {
  /** The standard error of the damage, from its differences on the same examples. */
  readonly error: number;
}

/** A way that cannot be gone for a layer. */
export interface RefusedOption {
  readonly config: StepConfig;
  readonly reason: string;
}

/** A layer that was measured. */
export interface MeasuredLayer extends SensitivityLayer {
  readonly options: readonly MeasuredOption[];
  readonly refused: readonly RefusedOption[];
}

/** What comes of measuring. */
export interface MeasuredTable extends SensitivityTable {
  /** What damage is: the increase of the `loss`, or the squared distance of the `outputs` as a share of their squares. */
  readonly by: 'loss' | 'outputs';
  readonly layers: readonly MeasuredLayer[];
}

const isListOfObjects = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => anObject.holds(each));

/** As much of a table as layers are given options by. */
export const aTable: Rule<SensitivityTable> = partsOf<SensitivityTable>('{ layers: [{ name, options }] }', {
  model: optional(aText),
  layers: ruleOf(
    'layers',
    (value) =>
      Array.isArray(value) &&
      value.every((layer) => aText.holds(Object(layer).name) && isListOfObjects(Object(layer).options)),
  ),
});

const finite = ruleOf<number>('a finite number', (value) => Number.isFinite(value));
const listOf = <T extends object>(each: Rule<T>): Rule<readonly T[]> =>
  ruleOf(`a list of ${each.is}`, (value) => Array.isArray(value) && value.every((one) => each.holds(one)));
const aConfig = partsOf<StepConfig>('a pass as JSON', { type: aText });

/** A table that was measured, as it comes from a file too. */
export const aMeasuredTable: Rule<MeasuredTable> = partsOf<MeasuredTable>('a table that was measured: { by, layers }', {
  model: optional(aText),
  by: oneOf('loss', 'outputs'),
  layers: listOf(
    partsOf<MeasuredLayer>('layers', {
      name: aText,
      options: listOf(
        partsOf<MeasuredOption>('options', {
          config: ruleOf('a pass as JSON, or null', (value) => value === null || aConfig.holds(value)),
          damage: finite,
          error: finite,
          bytes: finite,
          milliseconds: optional(finite),
        }),
      ),
      refused: listOf(partsOf<RefusedOption>('reasons', { config: aConfig, reason: aText })),
    }),
  ),
});

/** An option in a few words: `gptq bits 3`. */
function showConfig(config: StepConfig | null): string {
  if (!config) return 'as it is';
  const { type, ...options } = config;
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return [type, ...Object.entries(options).map(([name, value]) => `${name} ${text(value)}`)].join(' ');
}

/** A table as plain text, a layer and an option a line; what is refused stands below. */
export function showTable({ by, layers }: MeasuredTable): string {
  const isTimed = layers.some(({ options }) => options.some(({ milliseconds }) => milliseconds !== undefined));
  const title = [
    'layer',
    'option',
    by === 'loss' ? 'loss' : 'output error',
    '±',
    'bytes',
    ...(isTimed ? ['time'] : []),
  ];
  const lines = layers.flatMap(({ name, options }) =>
    options.map(({ config, damage, error, bytes, milliseconds }) => [
      name,
      showConfig(config),
      config ? `${damage < 0 ? '' : '+'}${damage.toPrecision(3)}` : '',
      config ? error.toPrecision(2) : '',
      showBytes(bytes),
      ...(isTimed ? [milliseconds === undefined ? '' : showMs(milliseconds)] : []),
    ]),
  );
  const cells = [title, ...lines];
  const widths = title.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const shown = cells.map((line) =>
    line
      .map((cell, column) => cell[column < 2 ? 'padEnd' : 'padStart'](widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const refused = layers.flatMap((layer) =>
    layer.refused.map(({ config, reason }) => `${layer.name}: not by ${showConfig(config)}: ${reason}`),
  );
  return [...shown, ...(refused.length > 0 ? ['', ...refused] : [])].join('\n');
}
