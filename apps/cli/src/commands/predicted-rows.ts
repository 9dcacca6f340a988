/** Where predictions of rows go: a file that is whole or not there, standard output, or JSON. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writtenEnding } from '@espalier/data/node';
import type { Predicted, PredictInput } from '@espalier/pipeline';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { checkOutputFile, writeOutputFile, type FileRequest } from '../output/output-file.ts';
import { asAsked } from '../terminal/visible.ts';

/** Asks a model, which writes what it says to a file, or gives it back. */
export type Ask = (output?: PredictInput['output']) => Promise<Predicted>;

/**
 * The ending that says how predictions are written.
 * @throws {UsageError} for one that nothing is written as.
 */
function endingOf(path: string): string {
  const ending = writtenEnding(path);
  if (ending !== undefined) return ending;
  throw new UsageError(
    `${path}: predictions are written as CSV, JSON lines or Parquet: let the name end in .csv, .jsonl or .parquet`,
  );
}

/** Does something with a path for a file that is gone afterwards. */
async function withTemporaryFile<Made>(work: (path: string) => Promise<Made>): Promise<Made> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-predict-'));
  try {
    return await work(join(folder, 'predictions'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Gives the text of a file to standard output, no faster than that takes it; harmless where a terminal shows it. */
async function show(path: string, { stdout }: Session): Promise<void> {
  for await (const piece of createReadStream(path, 'utf8')) {
    const text = String(piece);
    if (!stdout.write(asAsked(text, stdout))) await once(stdout, 'drain');
  }
}

/** Predictions on standard output: as one line of JSON, or as CSV. */
export async function showPredictions(session: Session, ask: Ask, isJson: boolean): Promise<void> {
  if (isJson) {
    const { examples: rows, columns } = await ask();
    session.result({ rows, columns }, () => '');
    return;
  }
  await withTemporaryFile(async (path) => {
    await ask({ path, ending: 'csv' });
    await show(path, session);
  });
}

/**
 * Makes sure that predictions may be written, before anything is read.
 * @throws {UsageError} when they may not, or the name says no form.
 */
export async function checkPredictionsFile(request: FileRequest): Promise<void> {
  endingOf(request.path);
  await checkOutputFile(request);
}

/** Predictions in a new file, in the form that its name says. */
export async function writePredictions(session: Session, ask: Ask, request: FileRequest): Promise<void> {
  const ending = endingOf(request.path);
  let rows = 0;
  await writeOutputFile(request, async (path) => {
    ({ examples: rows } = await ask({ path, ending }));
  });
  session.result({ file: request.path, rows }, () => `${rows} predictions written to ${request.path}`);
}
