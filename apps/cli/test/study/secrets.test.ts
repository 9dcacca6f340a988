import { describe, expect, test } from 'vitest';
import { moreCommand, resumeCommand, workerCommand } from '../../src/study/resume-command.ts';
import { runHere } from '../helpers/run-here.ts';

const urls = [
  'postgres://me:S3CRET@127.0.0.1:1/studies',
  'postgresql://127.0.0.1:1/studies?user=me&password=S3CRET',
  'postgres://127.0.0.1:1/studies?user=me&sslpassword=S3CRET',
];

describe.each(urls)('the password of %s', (storage) => {
  test('is in no command that is printed', () => {
    const settings = { storage, source: 'study.mjs', trials: 3 };
    const study = { name: 's', trials: [] } as never;
    const commands = [resumeCommand('s', settings), workerCommand('s', settings), moreCommand(study, settings)];
    for (const command of commands) {
      expect(command).not.toContain('S3CRET');
      expect(command).toMatch(/--storage '?postgres/u);
    }
  });

  test('is in no complaint about the command line', async () => {
    for (const args of [
      ['study', 'status', '--storage', storage.replace(/^postgres(?:ql)?/u, 'postgre')],
      ['study', 'status', 'x', 'y', '--storage', storage],
      ['study', 'status', '--storag', storage],
      ['study', 'status', storage, storage],
      ['worker', storage],
      ['study', 'run', 'x', 'none.mjs', '--storage', storage],
      ['study', 'run', 'x', storage],
      [storage],
    ]) {
      const { code, stdout, stderr } = await runHere(...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^espalier: [^\n]*\n$/u);
      expect(stderr + stdout).not.toContain('S3CRET');
    }
  });
});

test('a storage that the environment names is in no command', () => {
  const before = process.env['ESPALIER_STORAGE'];
  process.env['ESPALIER_STORAGE'] = urls[0];
  try {
    expect(resumeCommand('s', { storage: urls[0] ?? '' })).toBe('npx espalier study resume s');
  } finally {
    if (before === undefined) delete process.env['ESPALIER_STORAGE'];
    else process.env['ESPALIER_STORAGE'] = before;
  }
});
