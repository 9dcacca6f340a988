/** How much memory SmolLM2 takes with weights in blocks: what is built, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { atMost, type Row } from '../../optimize/row.ts';
import { findCheckpoint, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';

const mebi = 2 ** 20;

/** The largest resident memory of a process that opens a model, and goes on with a text by so many tokens: bytes. */
function peakBytes(path: string, tokens: number): number {
  const script = fileURLToPath(new URL('../peak-memory.mjs', import.meta.url));
  const { stdout, status, stderr } = spawnSync(process.execPath, [script, path, String(tokens)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script} ended with ${status}; npm run build makes what it runs: ${stderr}`);
  return Number(stdout);
}

/** The rows of memory. */
export function memoryRows({ checkpoints }: Places): readonly Row[] {
  const path = findCheckpoint(checkpoints, smolLm2);
  const missing = (): string | undefined => (path === undefined ? `${smolLm2.file} of ${smolLm2.from}` : undefined);
  const [more, most] = [120, 300];
  const loaded: Row = {
    name: 'smollm2/memory-loaded',
    target: `MiB resident at most over the file, as it is loaded <= ${more}`,
    missing,
    measure: async () => {
      const [peak, file] = [peakBytes(path as string, 0) / mebi, statSync(path as string).size / mebi];
      return atMost(more, peak - file, { peak, file });
    },
  };
  const generating: Row = {
    name: 'smollm2/memory-generating',
    target: `MiB resident at most while generating 256 tokens, cache of f16 <= ${most}`,
    missing,
    measure: async () => {
      const peak = peakBytes(path as string, 256) / mebi;
      return atMost(most, peak, { peak });
    },
  };
  return [loaded, generating];
}
