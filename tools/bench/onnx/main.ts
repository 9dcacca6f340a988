/**
 * ONNX's own tests, its 1,288 of operators and its nine light nets: `npm run bench:onnx -- --folder UNPACKED`, the folder of the
 * unpacked wheel of onnx 1.17.0, or one that node_tests.py filled with those of a newer package. Prints a table by operator: how many
 * tests passed, were refused by name, have data that is disputed, were wrong, or ended in an error of another kind. `--details`
 * prints what was not passed, and why; `--only TEXT` takes tests whose names have it; `--host 0` computes whole numbers on the
 * device, too, that are otherwise known on the host.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runTest, type Verdict } from './conformance.ts';
import { lightNets } from './light.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    host: { type: 'string', default: '1024' },
    details: { type: 'boolean', default: false },
  },
});
const data = ['onnx/backend/test/data', 'backend/test/data', '.']
  .map((inner) => join(values.folder, inner))
  .find((each) => existsSync(join(each, 'node')));
if (values.folder === '' || data === undefined)
  throw new Error(
    'Say --folder: that of the unpacked wheel (pip download --no-deps onnx==1.17.0, which is a zip), with onnx/backend/test/data in it.',
  );

const outcomes = ['passed', 'refused', 'disputed', 'wrong', 'crashed'] as const;

function report(what: string, verdicts: readonly Verdict[]): void {
  const counts = outcomes.map((each) => `${verdicts.filter(({ outcome }) => outcome === each).length} ${each}`);
  console.log(`${verdicts.length} ${what}: ${counts.join(', ')}`);
}

const verdicts: Verdict[] = [];
for (const name of readdirSync(join(data, 'node')).toSorted())
  if (name.includes(values.only)) verdicts.push(await runTest(join(data, 'node', name), name, Number(values.host)));
/** Models that PyTorch wrote, and small ones of other kinds. */
const others: Verdict[] = [];
for (const kind of ['pytorch-converted', 'pytorch-operator', 'simple'].filter((each) => existsSync(join(data, each))))
  for (const name of readdirSync(join(data, kind)).toSorted())
    if (name.includes(values.only)) others.push(await runTest(join(data, kind, name), name, Number(values.host)));
const nets = values.only === '' && existsSync(join(data, 'light')) ? await lightNets(join(data, 'light')) : [];

if (values.details) {
  for (const { name, outcome, reason } of [...verdicts, ...others, ...nets])
    if (outcome !== 'passed') console.log(`${outcome} ${name}: ${reason}`);
} else {
  const rows = new Map<string, Record<Verdict['outcome'], number>>();
  for (const { name, operators, outcome } of verdicts) {
    const key = name.includes('_expanded') ? 'functions, expanded' : (operators[0] ?? 'none');
    const row = rows.get(key) ?? { passed: 0, refused: 0, disputed: 0, wrong: 0, crashed: 0 };
    row[outcome]++;
    rows.set(key, row);
  }
  console.log(`| operator | ${outcomes.join(' | ')} |`);
  console.log(`| --- | ${outcomes.map(() => '---:').join(' | ')} |`);
  for (const [key, row] of [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`| ${key} | ${outcomes.map((each) => row[each]).join(' | ')} |`);
}
report('light nets', nets);
report('models of PyTorch and others', others);
report('tests', verdicts);
