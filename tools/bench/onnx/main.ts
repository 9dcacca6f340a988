/** ONNX's own tests of its operators: `npm run bench:onnx -- --folder UNPACKED`, a table by operator. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runTest, type Verdict } from './conformance.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    only: { type: 'string', default: '' },
    host: { type: 'string', default: '1024' },
    details: { type: 'boolean', default: false },
  },
});
if (!values.folder || !existsSync(values.folder)) {
  console.error('Say --folder: that of the unpacked wheel of onnx 1.17.0 (pip download --no-deps onnx==1.17.0; unzip it).');
  process.exit(1);
}

const data = ['onnx/backend/test/data', 'backend/test/data', '.'].map((inner) => join(values.folder as string, inner)).find((each) => existsSync(join(each, 'node'))) ?? values.folder;
const folder = join(data, 'node');
const verdicts: Verdict[] = [];
for (const name of readdirSync(folder).toSorted())
  if (name.includes(values.only)) verdicts.push(await runTest(join(folder, name), name, Number(values.host)));

const outcomes = ['passed', 'refused', 'wrong', 'crashed'] as const;
const rows = new Map<string, Record<Verdict['outcome'], number>>();
for (const { name, operators, outcome } of verdicts) {
  const key = name.includes('_expanded') ? 'expanded functions' : (operators[0] ?? 'none');
  const row = rows.get(key) ?? { passed: 0, refused: 0, wrong: 0, crashed: 0 };
  row[outcome]++;
  rows.set(key, row);
}
if (values.details)
  for (const { name, outcome, reason } of verdicts) if (outcome !== 'passed') console.log(`${outcome} ${name}: ${reason}`);
else {
  console.log(`| operator | ${outcomes.join(' | ')} |`);
  console.log(`| --- | ${outcomes.map(() => '---:').join(' | ')} |`);
  for (const [key, row] of [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1))) console.log(`| ${key} | ${outcomes.map((each) => row[each]).join(' | ')} |`);
}
const counts = outcomes.map((each) => `${verdicts.filter(({ outcome }) => outcome === each).length} ${each}`);
console.log(`${verdicts.length} tests: ${counts.join(', ')}`);
