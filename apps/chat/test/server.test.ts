// The server: what it was told and nothing else, by range, to pages that are isolated from others.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rangeOf } from '../src/serve/ranges.ts';
import { serve, type Server } from '../src/serve/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-serve-'));
const [file, secret, gone] = ['file.gguf', 'secret', 'gone'].map((name) => join(folder, name)) as [string, string, string]; // prettier-ignore
let server: Server | undefined;
beforeAll(async () => {
  writeFileSync(file, '0123456789');
  writeFileSync(secret, 'secret');
  const files = { '/models/file.gguf': file, '/models/gone': gone };
  server = await serve({ texts: { '/index.html': '<p>ü</p>' }, files });
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

const asked = (path: string, init: RequestInit = {}): Promise<Response> => fetch(new URL(path, server?.address), init);
const ranged = (range: string): Promise<Response> => asked('models/file.gguf', { headers: { range } });

/** The status for a path as it is written, which `fetch` would tidy up. */
const statusOf = (path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server?.address ?? '');
    request({ hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

test('gives texts and files, whole and by range, with what isolates a page', async () => {
  const page = await asked('');
  expect([page.status, await page.text()]).toEqual([200, '<p>ü</p>']);
  expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  const whole = await asked('models/file.gguf');
  expect([whole.status, whole.headers.get('accept-ranges'), await whole.text()]).toEqual([200, 'bytes', '0123456789']);
  const part = await ranged('bytes=2-4');
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234']);
  expect(part.headers.get('etag')).toBe(whole.headers.get('etag'));
  const outside = await ranged('bytes=10-');
  expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */10']);
  const head = await asked('models/file.gguf', { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
});

describe('gives nothing', () => {
  test.each(['secret', 'models/', 'models/secret', 'models/gone', '__proto__', 'constructor'])(
    'for %s',
    async (path) => {
      expect((await asked(path)).status).toBe(404);
    },
  );

  test.each([
    '/../secret',
    '/models/../../secret',
    '/models/%2e%2e/secret',
    '//secret',
    '/%',
    '/models/..%2f..%2fsecret',
  ])('for %s', async (path) => {
    expect([400, 404]).toContain(await statusOf(path));
  });

  test('to who would write', async () => {
    expect((await asked('', { method: 'POST', body: 'x' })).status).toBe(405);
  });
});

test.each([
  [undefined, undefined],
  ['bytes=0-0', { begin: 0, end: 1 }],
  ['bytes=3-', { begin: 3, end: 10 }],
  ['bytes=3-99', { begin: 3, end: 10 }],
  ['bytes=-4', { begin: 6, end: 10 }],
  ['bytes=-40', { begin: 0, end: 10 }],
  ['bytes=-0', 'outside'],
  ['bytes=10-12', 'outside'],
  ['bytes=4-3', undefined],
  ['bytes=1-2,4-5', undefined],
  ['bytes=-', undefined],
  ['lines=1-2', undefined],
])('the range %s of 10 bytes', (header, range) => {
  expect(rangeOf(header, 10)).toEqual(range);
});
