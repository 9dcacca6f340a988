/** PyTorch in a process of Python: operands go there as files, the results of the first step come back as one. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Engine, Prepared, Problem, Surroundings } from '../problem.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('rows.py', import.meta.url));

export const description = 'PyTorch';

/** The ops that the script has. */
const names = (
  'matmul conv conv-input conv-weight attention attention-gradients softmax log-softmax layer-norm rms-norm cross-entropy ' +
  'cross-entropy-gradient gelu multiply-add sum-rows sum-columns adam transpose sort argmax max-pool cumsum gather ' +
  'scatter-add mlp lenet gpt'
).split(' ');

async function prepare({ op, operands, settings }: Problem, { threads, python }: Surroundings): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
  try {
    for (const [index, { values }] of operands.entries()) writeFileSync(join(folder, `${index}.bin`), values);
    const shapes = operands.map(({ shape, values }) => ({ shape, whole: values instanceof Int32Array }));
    writeFileSync(join(folder, 'problem.json'), JSON.stringify({ op, settings, threads, operands: shapes }));
    const { stdout } = await run(python, [script, folder]);
    const results = readFileSync(join(folder, 'results.bin'));
    const values = new Float64Array(results.buffer.slice(results.byteOffset, results.byteOffset + results.byteLength));
    return {
      step: () => undefined,
      results: async () => values,
      time: async () => Number(stdout),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const ops: Engine['ops'] = Object.fromEntries(names.map((name) => [name, prepare]));
