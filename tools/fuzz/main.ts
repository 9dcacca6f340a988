/**
 * Has the project's readers read what is not quite right: `npm run fuzz -- [READER …] [--mutants N] [--seed S]
 * [--only INDEX]`. Nothing may crash, hang for 2 s, take more than four times the memory of its input, or end in an error
 * that is not the project's. What is found is printed with the seed that brings it back; with `--only`, one mutant is read.
 */
import { commandLine } from '../bench/command-line.mjs';
import { fuzz } from './engine/fuzz.ts';
import type { Finding, Outcome } from './engine/reader.ts';
import { readers } from './readers/table.ts';

/** How many kinds of a reader's findings are shown. */
const mostKinds = 20;
/** How often a finding of one kind is shown. */
const shown = 3;

/** What findings have in common: numbers and names differ. */
function kindOf({ kind, message }: Finding): string {
  return `${kind} ${message.replaceAll(/\d+|'[^']*'|"[^"]*"/gu, '…')}`;
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

/** What became of mutants, in parts of them all. */
function shares({ mutants, passed, read, fullest }: Outcome): string {
  return `past the head ${percent(passed / mutants)}, read to the end ${percent(read / mutants)}, the most memory ${percent(fullest)} of the limit`;
}

const { words, option, refuse } = commandLine(
  'fuzz',
  { mutants: '20000', seed: String(Math.floor(Math.random() * 2 ** 31)), only: undefined },
  { what: 'reader', names: readers.map(({ name }) => name) },
);

/** A whole number from 0. */
function wholeNumber(name: string): number {
  const value = Number(option(name));
  return Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(`--${name} is ${option(name)}: give a whole number`);
}

const seed = wholeNumber('seed');
const only = option('only') === undefined ? undefined : wholeNumber('only');
const range = only === undefined ? { mutants: wholeNumber('mutants') } : { from: only, mutants: only + 1 };
for (const name of words) {
  const began = performance.now();
  let outcome: Outcome | undefined;
  const findings = await fuzz([name], { seed, ...range, onOutcome: (_, told) => (outcome = told) });
  const kinds = new Map<string, Finding[]>();
  for (const finding of findings) kinds.set(kindOf(finding), [...(kinds.get(kindOf(finding)) ?? []), finding]);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${name}: ${findings.length} findings of ${kinds.size} kinds, seed ${seed}, ${seconds} s`);
  if (outcome) console.log(`  ${shares(outcome)}`);
  for (const group of [...kinds.values()].slice(0, mostKinds)) {
    console.log(
      `  ${group.length} ×, by --seed ${seed} --only ${group
        .slice(0, shown)
        .map(({ index }) => index)
        .join(', ')}`,
    );
    console.log(`  ${group[0]?.kind ?? ''}: ${group[0]?.message.replaceAll('\n', '\n  ') ?? ''}`);
  }
  if (findings.length > 0) process.exitCode = 1;
}
