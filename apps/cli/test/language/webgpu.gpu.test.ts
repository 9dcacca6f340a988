/** Language models on WebGPU by the command line: what they tell is what they tell on the processor. */
import { writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { run } from '../helpers/commands.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { writeTinyGguf } from '../helpers/tiny-language-model.ts';

const at = scratch('file');
let [file, other, text] = ['', '', ''];
beforeAll(async () => {
  file = await writeTinyGguf(at('tiny.gguf'));
  other = await writeTinyGguf(at('other.gguf'), 2);
  text = at('text.txt');
  writeFileSync(text, 'A table in a cab, or able: über alles.\n'.repeat(8));
});

const devices = ['cpu', 'webgpu'] as const;

test('generate goes on with the same text', async () => {
  const line = ['generate', file, '--prompt', 'Once ab', '--max-tokens', '8', '--temperature', '0'];
  const [own, found] = await Promise.all(devices.map((device) => runHere(...line, '--device', device)));
  expect(found).toMatchObject({ code: 0, stdout: own?.stdout, stderr: expect.stringContaining('on webgpu:') });
});

test('eval and diff tell the same figures', async () => {
  const line = ['--text', text, '--chunk', '32', '--chunks', '2'];
  const [own, found] = await Promise.all(devices.map((device) => run('eval', file, ...line, '--device', device)));
  expect(found?.['loss']).toBeCloseTo(Number(own?.['loss']), 5);
  const [apart, same] = await Promise.all(
    devices.map((device) => run('diff', file, other, ...line, '--device', device)),
  );
  const meanOf = (told: Record<string, unknown> | undefined): number =>
    (told?.['divergence'] as { mean: number } | undefined)?.mean ?? Number.NaN;
  expect(meanOf(same)).toBeCloseTo(meanOf(apart), 5);
});
