/**
 * From nothing to a first result: `npm run bench:start -- [--rounds N]`, after `npm run build`.
 *
 * Fresh processes import a library and compute with it, or run the command, in turn. Milliseconds of processor time, on all
 * threads: of the library, from before the import until the first numbers are there; of the command, of the whole process
 * less that of a process that does nothing. The least of the rounds, as whatever else runs on a machine only adds to it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandLine } from './command-line.mjs';
import { heading, rowText, type Row } from './target-rows.ts';

const { wholeNumbers, refuse } = commandLine('bench:start', { rounds: '15' });
const [rounds = 0] = wholeNumbers('rounds') ?? [];

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const program = at('apps/cli/dist/joined/main.js');
if (!existsSync(program)) refuse('nothing is built: run `npm run build` first');

/** Runs Node for what it writes to stderr, a number. */
function measured(args: readonly string[]): number {
  const { stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: at('') });
  if (status !== 0) throw new Error(`node ${args.join(' ')}:\n${stderr}`);
  return Number(stderr.trim().split('\n').at(-1));
}

const spent = '(({ user, system }) => console.error((user + system) / 1000))';

/** Processor time of a module from its import until numbers are there. */
const firstResult = (module: string): number =>
  measured([
    '--input-type=module',
    '--eval',
    `const start = process.cpuUsage();
    const { tensor } = await import(${JSON.stringify(module)});
    tensor([1, 2]).add(1).dataSync();
    ${spent}(process.cpuUsage(start));`,
  ]);

/** Processor time of a process that ends by itself. */
const wholeProcess = (args: readonly string[]): number =>
  measured(['--import', `data:text/javascript,process.on('exit',()=>${spent}(process.cpuUsage()))`, ...args]);

const nothing = ['--eval', '0'];
const cases: readonly (Omit<Row, 'value' | 'unit'> & { readonly measure: () => number })[] = [
  { name: 'tensor: import to first result', most: 30, measure: () => firstResult('@espalier/tensor') },
  { name: 'the same, each module in a file', measure: () => firstResult(at('packages/tensor/dist/index.js')) },
  { name: 'espalier --version', measure: () => wholeProcess([program, '--version']) - wholeProcess(nothing) },
  { name: 'espalier study --help', measure: () => wholeProcess([program, 'study', '--help']) - wholeProcess(nothing) },
];

const least = cases.map(() => Number.POSITIVE_INFINITY);
for (let round = 0; round < rounds; round++)
  for (const [index, { measure }] of cases.entries()) least[index] = Math.min(least[index] ?? 0, measure());
console.log(heading);
for (const [index, { measure: _, ...row }] of cases.entries())
  console.log(rowText({ ...row, value: least[index] ?? 0, unit: 'ms' }));
