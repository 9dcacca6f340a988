// A run of a table that is killed, again and again, ends with the same models as one that is left alone.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');

/** Places of the progress at which a process is killed: in the search, in the training, and while the model is made smaller. */
const moments = [
  /search \(random\): [2-9]0 %/u,
  /train the winner: [2-9]0 %|✓ train/u,
  /compress: [1-4]0 %/u,
  /compress: [5-9]0 %/u,
];

test('and gives the same bytes', { timeout: 900_000 }, async () => {
  const rows = Array.from(
    { length: 120 },
    (_, row) => `${row % 7},${(row * 37) % 90},${(row % 7) * 3 + ((row * 37) % 90) / 5}`,
  );
  writeFileSync(at('flats.csv'), `rooms,size,price\n${rows.join('\n')}\n`);
  const line = [
    'run',
    '--data',
    at('flats.csv'),
    '--target',
    'price',
    '--trials',
    '4',
    '--seed',
    '5',
    '--device',
    'cpu',
  ];
  const whole = await espalier([...line, '--quiet', '-o', at('whole')]);
  expect(whole.code, whole.stderr).toBe(0);
  for (const [count, moment] of moments.entries()) {
    let isKilled = false;
    const { code, stderr } = await espalier([...line, '-o', at('torn'), ...(count > 0 ? ['--resume'] : [])], {
      onStderr: (text, kill) => {
        if (isKilled || !moment.test(text)) return;
        isKilled = true;
        kill('SIGKILL');
      },
    });
    expect([code, isKilled], stderr).toEqual([null, true]);
  }
  const resumed = await espalier([...line, '-o', at('torn'), '--resume', '--quiet']);
  expect(resumed.code, resumed.stderr).toBe(0);
  for (const name of ['model', 'small'])
    expect(readFileSync(at('torn', name, 'model.safetensors'))).toEqual(
      readFileSync(at('whole', name, 'model.safetensors')),
    );
});
