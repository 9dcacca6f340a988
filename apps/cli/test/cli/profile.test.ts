// `--profile`: kernels as a table or JSON, and a trace in a file that replaces nobody else's.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';
import { writeTinyCandidate, writeTinyModel } from '../helpers/tiny-model.ts';

const at = scratch('file');

beforeAll(async () => {
  writeTinyImages(at('images'));
  await writeTinyModel(at('m'));
  writeTinyCandidate(at('candidate.yaml'));
  mkdirSync(at('here'));
});

interface Told {
  readonly accuracy?: number;
  readonly profile: {
    readonly file: string;
    readonly ms: number;
    readonly kernelMs: number;
    readonly peaks: Readonly<Record<string, { readonly gflops: number }>>;
    readonly kernels: readonly { readonly kind: string; readonly calls: number; readonly flops: number }[];
  };
}

interface Trace {
  readonly traceEvents: readonly {
    readonly ph: string;
    readonly name: string;
    readonly cat?: string;
    readonly args: { readonly 'calls that are not shown'?: number };
  }[];
}

/** Calls of kernels, and what ran, in a trace, which shows the first of many calls and counts the others. */
function traced(file: string): { readonly runs: readonly string[]; readonly kernels: number } {
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as Trace;
  const complete = traceEvents.filter(({ ph }) => ph === 'X');
  return {
    runs: complete.filter(({ cat }) => cat === 'run').map(({ name }) => name),
    kernels: complete.reduce(
      (sum, { cat, args }) => sum + (cat === 'kernel' ? 1 : (args['calls that are not shown'] ?? 0)),
      0,
    ),
  };
}

const here = { cwd: '' };
beforeAll(() => void (here.cwd = at('here')));

describe('--profile', () => {
  const evaluating = (...args: readonly string[]): readonly string[] => [
    'eval',
    at('m'),
    '--data',
    at('images'),
    '--device',
    'cpu',
    ...args,
  ];

  test('prints a table on stderr, and writes the trace where nothing is', async () => {
    for (const name of ['profile.json', 'profile-2.json']) {
      const { code, stdout, stderr } = await espalier(evaluating('--profile'), here);
      expect(code, stderr).toBe(0);
      expect(stdout).not.toContain('kernel');
      expect(stderr).toMatch(/ ms: .* in \d+ calls of \d+ kernels, .* planning, .* elsewhere\n +ms +share +calls/);
      expect(stderr).toMatch(/conv2d forward/);
      expect(stderr).toMatch(/peak of cpu, measured: \d/);
      expect(stderr).toContain(`trace: ${name}`);
      expect(traced(at('here', name))).toMatchObject({ runs: ['measure'] });
    }
  });

  test('is part of a result in JSON', async () => {
    const { stdout, stderr } = await espalier(evaluating('--json', '--quiet', '--profile', at('named.json')), here);
    expect(stderr).toBe('');
    const { accuracy, profile } = JSON.parse(stdout) as Told;
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(profile.file).toBe(at('named.json'));
    expect(profile.kernelMs).toBeLessThanOrEqual(profile.ms);
    expect(profile.peaks['cpu']?.gflops).toBeGreaterThan(0);
    expect(profile.kernels.some(({ kind, flops }) => kind === 'conv2d' && flops > 0)).toBe(true);
    expect(traced(profile.file).kernels).toBe(profile.kernels.reduce((sum, { calls }) => sum + calls, 0));
  });

  test('replaces no file that is there, and says so before anything is computed', async () => {
    writeFileSync(at('theirs.json'), 'theirs');
    const { code, stderr } = await runHere(...evaluating('--profile', at('theirs.json')));
    expect(code).toBe(2);
    expect(stderr).toContain('theirs.json: this is there already: name another file for --profile, or move it away');
    expect(readFileSync(at('theirs.json'), 'utf8')).toBe('theirs');
  });

  test('takes no model for the file', async () => {
    const { code, stderr } = await runHere('eval', '--profile', at('m'));
    expect(code).toBe(2);
    expect(stderr).toContain('Give a name that ends in .json, or let the option be the last');
  });

  test('goes into the folder that a command writes, as a file of it', async () => {
    const training = ['train', at('candidate.yaml'), '--epochs', '1', '--data', at('images'), '--device', 'cpu'];
    const { code, stderr } = await espalier([...training, '-o', at('trained'), '--profile'], here);
    expect(code, stderr).toBe(0);
    expect(traced(at('trained', 'profile.json')).runs).toEqual(['train', 'measure']);
    expect(readFileSync(at('trained', '.espalier.json'), 'utf8')).toContain('"profile.json"');
    const again = await espalier([...training, '-o', at('trained'), '--overwrite'], here);
    expect(again.code, again.stderr).toBe(0);
    expect(existsSync(at('trained', 'profile.json'))).toBe(false);
  });

  test('of what is computed in this thread is the same', async () => {
    const made = await runHere('export', at('m'), '--to', 'safetensors', '-o', at('m.safetensors'));
    expect(made.code, made.stderr).toBe(0);
    const pruning = ['prune', at('m.safetensors'), '-o', at('pruned.safetensors'), '--sparsity', '0.5'];
    const { code, stdout, stderr } = await runHere(...pruning, '--json', '--profile', at('pruning.json'));
    expect(code, stderr).toBe(0);
    expect((JSON.parse(stdout) as Told).profile.kernels.length).toBeGreaterThan(0);
    expect(traced(at('pruning.json')).runs).toEqual(['prune']);
  });
});
