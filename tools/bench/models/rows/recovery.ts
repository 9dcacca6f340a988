/** How fast a language model is trained against what it was, beside PyTorch. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compressModel, planCompression, textPartsOfGguf } from '@espalier/language';
import { partFolder } from '@espalier/language/node';
import { openModelInParts } from '@espalier/models';
import { openTensorFile } from '@espalier/models/node';
import { atLeast, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';

/** Rows of so many tokens, so many of them a step. */
const [length, batch] = [256, 2];
/** Steps, of which the first are not timed. */
const [steps, warm] = [6, 2];
/** The share of PyTorch's tokens a second. */
const wanted = 0.5;

/** The row of training. */
export function recoveryRow({ checkpoints, python }: Places): Row {
  const path = findCheckpoint(checkpoints, smolLm2);
  return {
    name: 'smollm2/recovery-speed',
    target: `tokens a second of one processor that a model is trained on against another one, over PyTorch's >= ${wanted}`,
    missing: () => {
      if (path === undefined) return `${smolLm2.file} of ${smolLm2.from}`;
      return python === undefined ? '--python, one with torch and transformers' : undefined;
    },
    measure: async (bench) => {
      const script = fileURLToPath(new URL('../recovery.py', import.meta.url));
      const { status, stdout } = spawnSync(python ?? '', [script, length, batch, steps - warm].map(String), {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      if (status !== 0) throw new Error(`${script} ended with ${status}`);
      const peer = (JSON.parse(stdout) as { readonly tokensPerSecond: number }).tokensPerSecond;
      const own = await tokensPerSecond(path ?? '', bench.folder('smollm2-recovery.layers'));
      return atLeast(wanted, own / peer, { own, peer });
    },
  };
}

/** Half of the weights are dropped by size, which takes no time, and the rest is trained. */
async function tokensPerSecond(path: string, folder: string): Promise<number> {
  const from = await openTensorFile(path);
  const { tokenizer } = textPartsOfGguf(from);
  const all = tokenizer.encode(brownText('calib'), { frame: false });
  const ids = [[...all.subarray(0, length * batch * steps)]];
  const model = await openModelInParts(from);
  const plan = planCompression(model, {
    to: 'gguf',
    type: 'F32',
    method: { type: 'magnitude', sparsity: 0.5, recover: { epochs: 1, length, batch } },
  });
  const seen: { readonly step: number; readonly seconds: number }[] = [];
  const onProgress = ({ step }: { readonly step: number }): void => {
    const { user, system } = process.cpuUsage();
    seen.push({ step, seconds: (user + system) / 1e6 });
  };
  const made = await compressModel(model, plan, { parts: partFolder(folder), ids, onProgress });
  await made.close();
  await from.close();
  rmSync(folder, { recursive: true, force: true });
  const timed = seen.filter(({ step }) => step >= warm);
  const [first, last] = [timed[0], timed.at(-1)];
  if (!first || !last || first === last) throw new Error('the training told of fewer than two steps');
  return ((last.step - first.step) * length * batch) / (last.seconds - first.seconds);
}
