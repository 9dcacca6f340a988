/** A thread that reads the parts of a file and decodes them, while another one trains. */
import { parentPort, workerData } from 'node:worker_threads';
import { Preparation } from '../../prepare/preparation.ts';
import { csvShards } from '../../stream/csv-stream.ts';
import type { Shards } from '../../stream/shards.ts';
import { tokenShards } from '../../stream/token-stream.ts';
import type { SideError, SideRequest, SideResponse, SideSetup } from './side-messages.ts';
import { steadyFile } from './steady-file.ts';

const { file, modules } = workerData as SideSetup;

async function open(): Promise<Shards> {
  for (const module of modules) await import(module);
  const source = await steadyFile(file.path);
  if (file.kind === 'tokens') return tokenShards(source, file.file);
  return csvShards(source, file.index, new Preparation(file.preparation), file.choice);
}

function sent(error: unknown): SideError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined, fields: {} };
  const { name, message, stack } = error;
  return { name, message, stack, fields: { ...error } };
}

const opened = open();
// Whoever asks first hears of it.
opened.catch(() => undefined);

async function answer({ part }: SideRequest): Promise<SideResponse> {
  try {
    return { part, rows: await (await opened).read(part) };
  } catch (error) {
    return { part, error: sent(error) };
  }
}

parentPort?.on('message', (request: SideRequest) => {
  void answer(request).then((response) => {
    const buffers = 'rows' in response ? [response.rows.x.buffer, response.rows.y.buffer] : [];
    parentPort?.postMessage(response, [...new Set(buffers)] as ArrayBuffer[]);
  });
});
