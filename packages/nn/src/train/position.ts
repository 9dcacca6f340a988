/** Where a training is, but for its tensors, as text. */
import { ArgumentError, type GeneratorState } from '@espalier/tensor';
import { brief } from '@espalier/tensor/arguments';
import { inside, show } from '../config/fields.ts';
import { FormatError } from '../errors.ts';
import { isRecord } from '../json.ts';
import type { Best } from './early-stopping.ts';
import type { EpochResult } from './options.ts';

/** What must agree for a training to go on exactly. */
export interface Fingerprint {
  readonly seed: number;
  readonly batchSize: number;
  readonly dropLast: boolean;
  readonly shuffle: boolean;
  readonly examples: number;
  readonly epochs: number;
  readonly optimizer: string;
  readonly schedule: string;
  readonly model: string;
  /** Its name; functions that are none of `lossTypes` are not told apart. */
  readonly loss: string;
  readonly clip: string;
  /** The parameters that are not trained. */
  readonly frozen: string;
  /** What stands between parameters and the model, pruning masks for one, with the settings that do not change. */
  readonly views: string;
  /** Of data that has an order of its own, its key. */
  readonly order?: string;
}

/** What checkpoints from before it was kept do not have, and are not asked for. */
const lately: readonly string[] = ['frozen', 'views'] satisfies readonly (keyof Fingerprint)[];

/** Everything but tensors. */
export interface Position {
  readonly fingerprint: Fingerprint;
  /** Steps done in all. */
  readonly step: number;
  readonly learningRate: number;
  readonly seconds: number;
  readonly epochs: readonly EpochResult[];
  readonly generators: Readonly<Record<string, GeneratorState>>;
  readonly best?: Best;
}

const version = 1;

/** Numbers that JSON has not are texts; before they were, NaN was null, as JSON has it. */
const unwritten: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [null, Number.NaN],
  ...[Number.NaN, Infinity, -Infinity].map((value) => [String(value), value] as const),
]);

/** A position as `readPosition` reads it. */
export function writePosition(position: Position): string {
  return JSON.stringify({ version, ...position }, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}

/** What errors call a place; a function, where there may be so many that their names took more than what they hold. */
type Place = string | (() => string);

const nameOf = (place: Place): string => (typeof place === 'string' ? place : place());

function refuse(where: Place, value: unknown): never {
  throw new FormatError(
    'checkpoint',
    8,
    `its ${nameOf(where)} is ${show(value)}, which cannot be; use another checkpoint`,
  );
}

function aNumber(value: unknown, where: Place): number {
  return typeof value === 'number' ? value : (unwritten.get(value) ?? refuse(where, value));
}

function aCount(value: unknown, where: Place): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse(where, value);
}

function aTime(value: unknown, where: string): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : refuse(where, value);
}

function aRecord(value: unknown, where: Place): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : refuse(where, value);
}

/** An object of parts that are all read alike. */
function eachOf<Part>(
  value: unknown,
  where: string,
  read: (part: unknown, where: Place) => Part,
): Readonly<Record<string, Part>> {
  // A copy first, so that each name is its own already, and none sets a prototype.
  const parts: Record<string, unknown> = { ...aRecord(value, where) };
  for (const name of Object.keys(parts)) parts[name] = read(parts[name], () => inside(where, brief(name)));
  return parts as Readonly<Record<string, Part>>;
}

function anEpoch(value: unknown, index: number): EpochResult {
  const where = `epochs[${index}]`;
  const { epoch, loss, learningRate, validation, seconds, examplesPerSecond } = aRecord(value, where);
  return {
    epoch: epoch === index + 1 ? epoch : refuse(`${where}.epoch`, epoch),
    loss: aNumber(loss, `${where}.loss`),
    learningRate: aNumber(learningRate, `${where}.learningRate`),
    ...(validation !== undefined && { validation: eachOf(validation, `${where}.validation`, aNumber) }),
    seconds: aTime(seconds, `${where}.seconds`),
    examplesPerSecond: aNumber(examplesPerSecond, `${where}.examplesPerSecond`),
  };
}

function aGenerator(value: unknown, where: Place): GeneratorState {
  const { seed, draws } = aRecord(value, where);
  const part = (name: string) => (): string => `${nameOf(where)}.${name}`;
  return { seed: aCount(seed, part('seed')), draws: aCount(draws, part('draws')) };
}

function aBest(value: unknown): Best {
  const { epoch, value: reached } = aRecord(value, 'best');
  return { epoch: aCount(epoch, 'best.epoch'), value: aNumber(reached, 'best.value') };
}

/** @throws {ArgumentError} unless a training is the one that is expected. */
function checkFingerprint(found: Readonly<Record<string, unknown>>, expected: Fingerprint): void {
  const shown = (value: unknown): string => (typeof value === 'string' ? brief(value) : show(value));
  const differing = Object.entries(expected).filter(
    ([key, value]) => found[key] !== value && !(found[key] === undefined && lately.includes(key)),
  );
  if (differing.length === 0) return;
  const list = differing.map(([key, value]) => `${key} (${shown(found[key])}, now ${shown(value)})`).join(', ');
  throw new ArgumentError(
    'fit',
    `the checkpoint is of another training: ${list} differ; resume with the same model, data and options`,
  );
}

/**
 * The position that a text stands for.
 * @throws {FormatError} for one that is none.
 * @throws {ArgumentError} for one of another training.
 */
export function readPosition(text: string | undefined, expected: Fingerprint): Position {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text ?? 'null');
  } catch {
    parsed = null;
  }
  if (!isRecord(parsed) || parsed['version'] !== version || !isRecord(parsed['fingerprint']))
    throw new FormatError(
      'checkpoint',
      8,
      `its metadata has no position of version ${version}; the file is no checkpoint of this version`,
    );
  checkFingerprint(parsed['fingerprint'], expected);
  const { step, learningRate, seconds, epochs, generators, best } = parsed;
  return {
    fingerprint: expected,
    step: aCount(step, 'step'),
    learningRate: aNumber(learningRate, 'learningRate'),
    seconds: aTime(seconds, 'seconds'),
    epochs: Array.isArray(epochs) ? epochs.map(anEpoch) : refuse('epochs', epochs),
    generators: eachOf(generators, 'generators', aGenerator),
    ...(best !== undefined && { best: aBest(best) }),
  };
}
