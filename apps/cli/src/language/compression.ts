/** A compressed language model on its way to a file or a folder, with the plan said before the work. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  compressModel,
  poolingOf,
  refuseNotes,
  writeCompressedFolder,
  writeCompressedGguf,
  type CalibrationIds,
  type CompressedModel,
  type CompressionPlan,
} from '@espalier/language';
import { findModel, type ModelPlace } from '@espalier/language/node';
import { openModelInParts, type ModelInParts, type TensorSource, type ModelFolder } from '@espalier/models';
import { openModelFolder, openTensorFile, writeFileBy } from '@espalier/models/node';
import type { Json } from '@espalier/nn';
import type { PassProgress } from '@espalier/optimize';
import type { Device } from '@espalier/tensor';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { writeOutputFile } from '../output/output-file.ts';
import { formatBytes } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { saidByUser } from './said-by-user.ts';
import { workFolder } from './work-folder.ts';
import { textPairs, writeTextFiles } from './text-files.ts';

/** A model that is read a part at a time, and where it is. */
export interface ModelAt {
  readonly place: ModelPlace;
  readonly from: ModelFolder | TensorSource;
  readonly model: ModelInParts;
}

/** Opens a model by its name, and closes it. */
export async function withModelInParts<Result>(name: string, use: (at: ModelAt) => Promise<Result>): Promise<Result> {
  const place = findModel(name);
  const from = await (place.kind === 'folder' ? openModelFolder(place.path) : openTensorFile(place.path));
  try {
    return await use({ place, from, model: await openModelInParts(from) });
  } finally {
    await from.close();
  }
}

/** The plan as a table: tensors of one kind that become the same in one row. */
export function planTable({ tensors, bytesBefore, bytesAfter, notes }: CompressionPlan, session: Session): string {
  const rows = new Map<
    string,
    { count: number; before: number; after: number; cells: readonly [string, string, string, string] }
  >();
  for (const each of tensors) {
    const kind = each.name.replaceAll(/\.\d+\./gu, '.*.');
    const cells = [kind, each.from, each.to, each.why] as const;
    const row = rows.get(cells.join('\n')) ?? { count: 0, before: 0, after: 0, cells };
    row.count++;
    row.before += each.bytesBefore;
    row.after += each.bytesAfter;
    rows.set(cells.join('\n'), row);
  }
  const right = { align: 'right' } as const;
  const columns = [
    { heading: 'tensors' },
    { heading: '', ...right },
    { heading: 'is' },
    { heading: 'becomes' },
    { heading: 'bytes', ...right },
    { heading: 'then', ...right },
    { heading: 'why' },
  ];
  const cells = [...rows.values()].map(({ count, before, after, cells: [kind, from, to, why] }) => [
    kind,
    String(count),
    from,
    to,
    formatBytes(before),
    formatBytes(after),
    why,
  ]);
  const all = ['all', String(tensors.length), '', '', formatBytes(bytesBefore), formatBytes(bytesAfter), ''];
  const said =
    notes.length === 0 ? '' : `\n\n${notes.length} tensors are not what was asked for; --strict refuses that`;
  return `${renderTable(columns, [...cells, all], session.stdout)}${said}`;
}

/** How a plan is carried out. */
export interface Carrying {
  readonly at: ModelAt;
  readonly plan: CompressionPlan;
  readonly output: string;
  readonly overwrite: boolean;
  readonly strict: boolean;
  readonly device?: Device | undefined;
  readonly seed?: number | undefined;
  readonly ids?: CalibrationIds | undefined;
  /** What the file says beside what it says of the model and of texts. */
  readonly metadata?: { readonly [key: string]: Json };
}

/** What was written. */
export interface Written {
  readonly output: string;
  readonly bytes: number;
}

/**
 * Carries a plan out, and writes the model. Layers that are done lie beside the output until all are.
 * @throws {UsageError} where the output may not be written.
 */
export async function carryOut(session: Session, work: Carrying): Promise<Written> {
  const { at, plan, output, overwrite, strict, device, seed, ids } = work;
  if (strict) await saidByUser(() => refuseNotes(plan));
  const { description } = at.model;
  const pooling = description.gives === 'states' ? await poolingOf(at.from, description) : undefined;
  const metadata = {
    ...(plan.to === 'gguf' && (await textPairs(session, { at, pooling, strict }))),
    ...work.metadata,
  };
  const finished = workFolder(session, output, 'layers');
  const layers = at.model.places.filter((place) => place.startsWith('layers.')).length;
  let done = 0;
  const options = {
    parts: finished.parts,
    metadata,
    ...(device && { device }),
    ...(seed !== undefined && { seed }),
    ...(ids && { ids }),
    ...(pooling && { pooling: pooling.kind }),
    signal: session.interrupt,
    onProgress: ({ step, steps, loss }: PassProgress) =>
      session.log(`step ${step} of ${steps}, loss ${loss.toPrecision(3)}`),
    onLayer: (place: string) => session.log(`${place} is done, ${++done} of ${layers}`),
  };
  const made = await saidByUser(() => compressModel(at.model, plan, options));
  try {
    await (plan.to === 'gguf'
      ? writeFile(made, output, overwrite, at)
      : writeFolder(session, made, output, overwrite, at));
  } finally {
    await made.close();
  }
  finished.remove();
  return { output, bytes: plan.to === 'gguf' ? (await stat(output)).size : plan.bytesAfter };
}

async function writeFile(made: CompressedModel, output: string, overwrite: boolean, at: ModelAt): Promise<void> {
  await writeOutputFile({ path: output, overwrite, sources: [at.place.path] }, (path) =>
    writeFileBy(path, (sink) => writeCompressedGguf(sink, made)),
  );
}

async function writeFolder(
  session: Session,
  made: CompressedModel,
  output: string,
  overwrite: boolean,
  at: ModelAt,
): Promise<void> {
  const { place } = at;
  const bytes = [...made.tensors.values()].reduce((sum, each) => sum + each.bytes, 2 ** 20);
  const request = { path: output, command: 'compress', overwrite, sources: [place.path], bytes };
  await withOutputFolder({ ...request, profiling: session.profiling }, async ({ work, complete }) => {
    await writeCompressedFolder((name, write) => writeFileBy(join(work, name), write), made);
    await writeTextFiles(at, work);
    await complete();
  });
}

/**
 * The format of an output, by what it is called.
 * @throws {UsageError} for a name that says another one than was asked for.
 */
export function formatOfOutput(output: string, to: CompressionPlan['to'] | undefined): CompressionPlan['to'] {
  const named = /\.gguf$/iu.test(output) ? 'gguf' : 'safetensors';
  if (to !== undefined && to !== named)
    throw new UsageError(
      `${output}: --to says ${to}: name ${to === 'gguf' ? 'a file that ends in .gguf' : 'a folder'}`,
    );
  return named;
}
