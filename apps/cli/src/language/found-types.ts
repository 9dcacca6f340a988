/** Types that keep the goals of a user, with what was tried. */
import { statSync } from 'node:fs';
import {
  parseCompressionGoals,
  searchTypes,
  type CalibrationIds,
  type MeasuredType,
  type TypeSearch,
} from '@espalier/language';
import { openLanguageModel } from '@espalier/models';
import type { Device } from '@espalier/tensor';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { formatBytes } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import type { ModelAt } from './compression.ts';
import { saidByUser } from './said-by-user.ts';

/** What is asked for. */
export interface TypesAsked {
  readonly at: ModelAt;
  readonly to: 'gguf' | 'safetensors';
  readonly ids: CalibrationIds | undefined;
  readonly device: Device;
  readonly options: {
    readonly goal?: readonly string[];
    readonly types?: readonly string[];
    readonly method?: string;
    readonly type?: string;
    readonly tensors?: object;
  };
}

/** Sequences that judge what was chosen by the first one, at most. */
const mostJudges = 4;

/** The sequences that are judged by: others than types are measured on. */
export function judgesOf(ids: CalibrationIds): CalibrationIds {
  return ids.slice(1, 1 + mostJudges);
}

/**
 * Searches types; undefined where no goal is given.
 * @throws {UsageError} for what does not go with goals.
 */
export async function foundTypes(
  session: Session,
  { at, to, ids, device, options }: TypesAsked,
): Promise<TypeSearch | undefined> {
  const { goal, types, method, type, tensors } = options;
  if (goal === undefined) {
    if (types !== undefined) throw new UsageError('--types: these are tried for a goal: give one by --goal');
    return undefined;
  }
  const others = Object.entries({ method, type, tensors }).filter(([, value]) => value !== undefined);
  const [other] = others;
  if (other) throw new UsageError(`--${other[0]}: with --goal the types of all tensors are found: leave it out`);
  if (to !== 'gguf') throw new UsageError('--goal: types are found for GGUF: name an output that ends in .gguf');
  if (!ids || ids.length < 2)
    throw new UsageError('--goal: give a --text with two sequences at least: one to measure on, others to judge by');
  const { module } = await openLanguageModel(at.from, { device, weights: 'f32' });
  const asked = {
    goals: await saidByUser(() => parseCompressionGoals(goal)),
    ids: ids.slice(0, 1),
    judge: judgesOf(ids),
    ...(types && { types }),
    overhead: overheadOf(at),
    device,
    signal: session.interrupt,
    onMeasured: ({ kind, type: tried, kl }: MeasuredType, done: number, of: number): void =>
      session.progress.line(`${done} of ${of}: ${kind} as ${tried}: KL ${kl.toPrecision(3)}`),
  };
  const found = await saidByUser(() => searchTypes(at.model, module, asked));
  module.dispose();
  session.log(triedTable(found, session));
  return found;
}

/** What the file to write takes beside its tensors, as the file that is read does. */
function overheadOf({ place, model, from }: ModelAt): number {
  if ('config' in from) return 2 ** 16;
  return statSync(place.path).size - [...model.source.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}

function triedTable({ tried, best, isKept }: TypeSearch, session: Session): string {
  const right = { align: 'right' } as const;
  const columns = [
    { heading: 'bytes', ...right },
    { heading: 'expected', ...right },
    { heading: 'KL', ...right },
    { heading: 'types' },
  ];
  const rows = tried.map(({ bytes, expected, kl, types }) => [
    formatBytes(bytes),
    expected.toPrecision(3),
    kl.toPrecision(3),
    Object.entries(types)
      .map(([type, count]) => `${count} ${type}`)
      .join(', '),
  ]);
  const said = isKept ? 'the goals are kept' : 'no choice keeps the goals';
  return `${renderTable(columns, rows, session.stderr)}\n${said}: ${formatBytes(best.bytes)} at KL ${best.kl.toPrecision(3)}`;
}
