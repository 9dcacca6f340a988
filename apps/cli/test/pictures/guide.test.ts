// Every line of the guide runs, one after the other, in a folder as the guide supposes it.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { main } from '../helpers/cli.ts';
import { writePictureFolder } from '../helpers/picture-folder.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');
const guide = readFileSync(new URL('../../examples/pictures.md', import.meta.url), 'utf8');
const lines = [...guide.matchAll(/```sh\n(.*?)```/gsu)].flatMap(([, block = '']) => block.trim().split('\n'));

test('the guide to a folder of pictures runs from its first line to its last', async () => {
  await writePictureFolder(at('shapes'), { count: 12, sides: [12, 16], noise: 10 });
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines) {
    const [npx, espalier, ...args] = line.split(' ');
    expect([npx, espalier]).toEqual(['npx', 'espalier']);
    await promisify(execFile)(process.execPath, [main, ...args], { cwd: at() });
  }
  expect(readFileSync(at('shapes.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(37);
  for (const file of ['report.html', 'recipe.yaml', 'small/model.safetensors'])
    expect(existsSync(at('runs/shapes', file))).toBe(true);
});
