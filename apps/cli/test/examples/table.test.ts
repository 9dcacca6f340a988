// The guide: each of its commands does what the page says, beside its files.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTable } from '@espalier/data/node';
import { afterAll, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-guide-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The commands of a page, one a line of its blocks. */
const commandsIn = (page: string): string[] =>
  [...page.matchAll(/```sh\n(.*?)```/gsu)].flatMap(([, block = '']) => block.trimEnd().split('\n'));

test('a table with regression', { timeout: 600_000 }, async () => {
  for (const file of ['houses.csv', 'new-houses.csv']) copyFileSync(join(examples, file), join(folder, file));
  const said: string[] = [];
  for (const command of commandsIn(readFileSync(join(examples, 'table.md'), 'utf8'))) {
    const [npx, name, ...args] = command.split(' ');
    expect([npx, name]).toEqual(['npx', 'espalier']);
    const { code, stdout, stderr } = await espalier(args, { cwd: folder });
    expect(code, `${command}: ${stderr}`).toBe(0);
    said.push(stdout);
  }
  const [data, run, judged] = said;
  expect(data).toMatch(/id +identifier .* left out: numbers or names rows/u);
  expect(data).toMatch(/140 rows: 91 to learn from, 21 to choose by, 28 to judge by \(seed 7\)/u);
  expect(run).toMatch(/^model .*\n.*\nmodel .*\nsmall .*\nmean .*\nlinear /u);
  expect(judged).toMatch(/judged by 20 examples/u);
  const [csv, parquet] = await Promise.all(
    ['prices.csv', 'prices.parquet'].map((file) => readTable(join(folder, file))),
  );
  const known = (await readTable(join(folder, 'new-houses.csv'))).column('price').values;
  expect([...(csv?.column('price').values ?? [])]).toEqual([...(parquet?.column('price').values ?? [])]);
  const errors = [...(csv?.column('price').values ?? [])].map((price, row) =>
    Math.abs(Number(price) - Number(known[row])),
  );
  expect(errors.length).toBe(20);
  expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(40);
  for (const file of ['runs/houses/report.html', 'houses.onnx']) expect(existsSync(join(folder, file))).toBe(true);
});
