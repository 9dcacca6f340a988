/** The state of a training between two steps, as a safetensors file. */
import { ArgumentError, type Device, type GeneratorState, type Tensor } from '@espalier/tensor';
import { brief, show } from '../config/fields.ts';
import { FormatError } from '../errors.ts';
import { readSafetensors, writeSafetensors } from '../io/tensors.ts';
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
}

/** What checkpoints from before it was kept do not have, and are not asked for. */
const lately: readonly (keyof Fingerprint)[] = ['frozen', 'views'];

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

const sectionNames = ['model', 'views', 'optimizer', 'loss', 'best'] as const;

/** Tensors by what they belong to, then by name. */
export type Sections = Readonly<Record<(typeof sectionNames)[number], ReadonlyMap<string, Tensor>>>;

const metadataKey = 'espalier.checkpoint';
const version = 1;

/** A training as bytes. */
export async function encodeCheckpoint(position: Position, sections: Sections): Promise<Uint8Array> {
  const tensors = sectionNames.flatMap((section) =>
    [...sections[section]].map(([name, tensor]): [string, Tensor] => [`${section}/${name}`, tensor]),
  );
  return writeSafetensors(new Map(tensors), { [metadataKey]: JSON.stringify({ version, ...position }) });
}

/** A training from bytes. Throws FormatError for bytes that are no checkpoint, ArgumentError for one of another training. */
export function decodeCheckpoint(
  bytes: Uint8Array,
  device: Device,
  expected: Fingerprint,
): { readonly position: Position; readonly sections: Sections } {
  const { tensors, metadata } = readSafetensors(bytes, { device, source: 'checkpoint' });
  const position = readPosition(metadata[metadataKey]);
  const saved: Partial<Fingerprint> = position.fingerprint;
  const differing = (Object.keys(expected) as (keyof Fingerprint)[]).filter(
    (key) => saved[key] !== expected[key] && !(saved[key] === undefined && lately.includes(key)),
  );
  if (differing.length > 0) {
    const shown = differing.map((key) => `${key} (${brief(String(saved[key]))}, now ${brief(String(expected[key]))})`);
    throw new ArgumentError(
      'fit',
      `the checkpoint is of another training: ${shown.join(', ')} differ; resume with the same model, data and options`,
    );
  }
  const fields = position as unknown as Readonly<Record<string, unknown>>;
  const wrong = wrongField(fields);
  if (wrong !== undefined)
    throw new FormatError(
      'checkpoint',
      8,
      `its ${wrong} is ${show(fields[wrong])}, which cannot be; use another checkpoint`,
    );
  const section = (name: string): ReadonlyMap<string, Tensor> =>
    new Map(
      [...tensors].flatMap(([key, tensor]) =>
        key.startsWith(`${name}/`) ? [[key.slice(name.length + 1), tensor] as const] : [],
      ),
    );
  return {
    position,
    sections: {
      model: section('model'),
      views: section('views'),
      optimizer: section('optimizer'),
      loss: section('loss'),
      best: section('best'),
    },
  };
}

function readPosition(text: string | undefined): Position {
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
      `the metadata has no ${metadataKey} of version ${version}; the file is no checkpoint of this version`,
    );
  return parsed as unknown as Position;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** What each part of a position has to be; an epoch without its index stands for a checkpoint that somebody edited. */
const needed: Readonly<Record<string, (value: unknown) => boolean>> = {
  step: isCount,
  learningRate: (value) => typeof value === 'number',
  seconds: isTime,
  epochs: (value) => Array.isArray(value) && value.every(isRecord),
  generators: (value) => isRecord(value) && Object.values(value).every(isRecord),
  best: (value) => value === undefined || isRecord(value),
};

/** The first part of a position that is not what it has to be. */
function wrongField(position: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(needed).find((name) => needed[name]?.(position[name]) !== true);
}
