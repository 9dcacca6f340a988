/**
 * What training steps of transformers take on cpu: `npm run bench:step-memory -- [--run true]`.
 *
 * Memory of values that are made and read inside a step, as its plan has it, over the largest sum of them that live at once;
 * 16 layers with and without checkpoints; and all that a step of GPT-2 with 124 million parameters takes, at a batch of 8
 * sequences of 256 tokens: parameters, the state of AdamW, and the values inside. With `--run true` that one is computed,
 * and the most memory of the device printed beside it.
 */
import { compile, memory, planReport, type PlanReport } from '@espalier/tensor';
import { commandLine } from './command-line.mjs';
import { gptStep, type GptSizes } from './gpt-step.ts';
import { heading, rowText } from './target-rows.ts';

const { option } = commandLine('bench:step-memory', { run: 'false' });
const MiB = 2 ** 20;

const reportOf = (sizes: GptSizes, checkpointed: boolean): PlanReport => {
  const gpt = gptStep(sizes, checkpointed);
  const report = planReport(gpt.step, ...gpt.inputs);
  gpt.dispose();
  return report;
};
const print = (name: string, value: number, unit: string, most?: number): void =>
  console.log(rowText({ name, value, unit, ...(most !== undefined && { most }) }));

console.log(heading);
const sizes: GptSizes = { depth: 16, width: 128, heads: 4, vocabulary: 512, length: 128, batch: 8 };
for (const checkpointed of [false, true]) {
  const { bytes, aliveBytes } = reportOf(sizes, checkpointed);
  print(`16 layers${checkpointed ? ' with checkpoints' : ''}`, bytes / MiB, 'MiB', checkpointed ? 60 : undefined);
  print('  over what lives at once', bytes / aliveBytes, '×', 1.25);
}

const before = memory().bytes;
const gpt = gptStep({ depth: 12, width: 768, heads: 12, vocabulary: 50_257, length: 256, batch: 8, tied: true }, true);
const state = memory().bytes - before;
const { bytes } = planReport(gpt.step, ...gpt.inputs);
print(`${(gpt.parameters / 1e6).toFixed(0)} M parameters, and their state`, state / MiB, 'MiB');
print('  with the values inside a step', (state + bytes) / MiB, 'MiB', 4096);
if (option('run') === 'true') {
  const step = compile(gpt.step);
  const start = process.cpuUsage();
  const loss = step(...gpt.inputs).itemSync();
  const { user, system } = process.cpuUsage(start);
  print('  computed: memory of the device', (memory().bytes - before) / MiB, 'MiB', 4096);
  print(`  loss ${loss.toFixed(3)}, processor time`, (user + system) / 1e6, 's');
}
