/** Worker processes of a study: started, interrupted and waited for together. */
import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { threadsVariable } from '../cli/options.ts';
import type { Session } from '../cli/session.ts';
import { FailedError, exitCodes } from '../errors.ts';
import { storageVariable } from './storage.ts';

const program = fileURLToPath(new URL('../main.js', import.meta.url));

/** How one worker process ended. */
interface End {
  readonly code: number | null;
  readonly complaint: string;
}

function endOf(child: ChildProcess): Promise<End> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk.toString()}`.slice(-2000);
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, complaint: complaint.trim().replace(/^espalier: /u, '') }));
  });
}

/**
 * Runs worker processes on a study until they end. Each is in a group of its own, so that Ctrl-C reaches them through
 * this process alone: once to finish what they have in hand, twice to give it back.
 * @throws {FailedError} when every worker failed, with what the first said.
 */
export async function runProcesses(
  session: Session,
  count: number,
  storage: string,
  args: readonly string[],
): Promise<void> {
  const share = String(Math.max(1, Math.floor(availableParallelism() / count)));
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, [program, 'worker', ...args, '--quiet'], {
      detached: true,
      // Not on the command line, which every user of the machine can read.
      env: { [threadsVariable]: share, ...process.env, [storageVariable]: storage },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    }),
  );
  const signal = (): void => {
    for (const child of children) child.kill('SIGINT');
  };
  session.interrupt.onAbort(signal);
  const ends = children.map(endOf);
  session.interrupt.onInsist(async () => {
    signal();
    await Promise.all(ends);
  });
  const done = await Promise.all(ends);
  const failed = done.filter(({ code }) => code !== exitCodes.ok && code !== exitCodes.interrupted);
  if (failed.length === count)
    throw new FailedError(`every worker failed; the first said: ${failed[0]?.complaint ?? ''}`);
  for (const { code, complaint } of failed) session.log(`a worker ended with code ${code}: ${complaint}`);
}
