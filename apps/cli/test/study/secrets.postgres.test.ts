import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { postgresServer } from '../../../../packages/storage/test/helpers/postgres.ts';
import { espalier } from '../helpers/cli.ts';
import { scratch } from '../helpers/scratch.ts';

const server = postgresServer();
const at = scratch('file');
const search = pathToFileURL(fileURLToPath(new URL('../../../../packages/search/dist/index.js', import.meta.url))).href;

/** The command lines of the processes of this machine, as every user can read them. */
function processes(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .join('\n');
}

/** A URL with a password in one of the two places. */
function withPassword(url: string, place: 'user' | 'query'): string {
  const parsed = new URL(url);
  if (place === 'query') return `${url}${parsed.search === '' ? '?' : '&'}password=S3CRET`;
  parsed.username = parsed.username === '' ? 'postgres' : parsed.username;
  parsed.password = 'S3CRET';
  return parsed.href;
}

test.each(['user', 'query'] as const)(
  'a password (%s) is shown nowhere, and no child has it in its arguments',
  async (place) => {
    const storage = withPassword(await server.emptyDatabase(), place);
    writeFileSync(
      at('study.mjs'),
      `import { float, space } from ${JSON.stringify(search)};
export default { space: space({ x: float(0, 1) }), objectives: ['minimize x'], objective: async ({ config, number }) => {
  await new Promise((done) => setTimeout(done, 200));
  if (number === 1) throw new Error('cannot reach ' + ${JSON.stringify(storage)});
  return config.x;
} };`,
    );
    let [text, argumentsSeen, children] = ['', '', 0];
    const run = async (code: number, ...args: readonly string[]): Promise<void> => {
      const found = await espalier(args, {
        env: { ESPALIER_STORAGE: storage },
        onStderr: () => {
          const lines = processes();
          argumentsSeen += lines;
          children += lines.match(/main\.js worker /gu)?.length ?? 0;
        },
      });
      expect(found.code, found.stderr).toBe(code);
      text += found.stdout + found.stderr;
    };
    await run(0, 'study', 'create', 'made', at('study.mjs'), '--trials', '2', '--json');
    await run(0, 'study', 'run', 's', at('study.mjs'), '--trials', '6', '--processes', '2', '--json');
    await run(2, 'study', 'create', 's', at('study.mjs'));
    for (const command of ['status', 'trials', 'best', 'export']) {
      await run(0, 'study', command, 's', ...(command === 'export' ? ['-o', at(`${place}.json`)] : ['--json']));
      if (command !== 'export') await run(0, 'study', command, 's');
    }
    await run(0, 'study', 'list');
    await run(2, 'study', 'status', 'none');
    await run(2, 'study', 'status');
    await run(2, 'study', 'resume', 's');
    await run(0, 'study', 'retry', 's');
    expect(text).toContain('postgres');
    expect(text).not.toContain('S3CRET');
    expect(children).toBeGreaterThan(0);
    expect(argumentsSeen).not.toContain('S3CRET');
  },
);
