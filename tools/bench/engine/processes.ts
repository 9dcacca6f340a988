/** Engines in processes of Node. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Answer } from './answer.ts';
import { ended, patience, type Place } from './place.ts';

const run = promisify(execFile);
const worker = fileURLToPath(new URL('worker.ts', import.meta.url));

/** A process an order. */
export async function processes(threads: number): Promise<Place> {
  return {
    description: `Node ${process.version}, time of the ${threads === 1 ? 'processor' : 'clock'}`,
    ask: async (order) => {
      try {
        const { stdout } = await run(process.execPath, ['--import', 'tsx', worker, JSON.stringify(order)], {
          timeout: patience,
          killSignal: 'SIGKILL',
          env: { ...process.env, ESPALIER_THREADS: String(order.threads) },
        });
        return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answer;
      } catch (error) {
        const { killed, stderr } = error as { readonly killed?: boolean; readonly stderr?: string };
        return ended(order, killed === true ? `it took more than ${patience / 1000} s` : (stderr ?? error));
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
