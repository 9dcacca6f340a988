// Files on servers are read by range, and servers that give something else are refused.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FormatError } from '@espalier/nn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { urlBytes } from '../../src/index.ts';

const bytes = Uint8Array.from({ length: 2 ** 21 + 77 }, (_, at) => (at * 31 + (at >> 8)) % 256);
const asked: string[] = [];
let [base, answers] = ['', 0];

/** What a server does otherwise than it should, from its second answer on. */
type Fault = (response: ServerResponse, begin: number, end: number) => void;
const faults: Readonly<Record<string, Fault>> = {
  whole: (response) => response.writeHead(200).end(bytes),
  gone: (response) => response.writeHead(404).end(),
  silent: (response, begin, end) => response.writeHead(206).end(bytes.subarray(begin, end)),
  changed: (response, begin, end) =>
    response.writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${bytes.length}`, etag: '"2"' }).end(bytes.subarray(begin, end)), // prettier-ignore
  short: (response, begin, end) =>
    response.writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${bytes.length}`, etag: '"1"' }).end(bytes.subarray(begin, end - 1)), // prettier-ignore
};

const server = createServer((request, response) => {
  const path = (request.url ?? '').slice(1);
  const { first, last } = /^bytes=(?<first>\d+)-(?<last>\d+)$/u.exec(request.headers.range ?? '')?.groups ?? {};
  const [begin, end] = [Number(first), Math.min(bytes.length, Number(last) + 1)];
  asked.push(`${begin}-${end}`);
  if (path === 'empty') return response.writeHead(416, { 'content-range': 'bytes */0' }).end();
  const fault = faults[path];
  if (fault && answers++ > 0) return fault(response, begin, end);
  return response
    .writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${bytes.length}`, etag: '"1"' })
    .end(bytes.subarray(begin, end));
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('ranges are those of the file; what lies side by side is asked for once', async () => {
  const source = await urlBytes(`${base}file`);
  expect(source).toMatchObject({ name: `${base}file`, size: bytes.length });
  const expected = (from: number, length: number): Uint8Array => bytes.slice(from, from + length);
  asked.length = 0;
  expect(await source.read(5, 100)).toEqual(expected(5, 100));
  expect(asked).toEqual([]);
  for (const [from, length] of [[2 ** 20 + 3, 9], [2 ** 20 + 12, 4000], [bytes.length - 7, 7], [9, 0]] as const)
    expect(await source.read(from, length)).toEqual(expected(from, length)); // prettier-ignore
  const end = bytes.length;
  expect(asked).toEqual([`${2 ** 20}-${2 ** 21}`, `${2 ** 21}-${end}`]);
  // Compared at once: the other way takes seconds.
  expect(Buffer.compare(await source.read(0, bytes.length), bytes)).toBe(0);
  expect((await urlBytes(`${base}empty`)).size).toBe(0);
  await source.close();
  expect(await source.read(3, 4)).toEqual(expected(3, 4));
  asked.length = 0;
  // The first block is there: what is missing behind it is one request.
  expect(Buffer.compare(await source.read(1, end - 1), bytes.subarray(1))).toBe(0);
  expect(asked).toEqual([`${2 ** 20}-${end}`]);
});

describe('a server is refused that', () => {
  test('is not there', async () => {
    await expect(urlBytes('http://127.0.0.1:1/file')).rejects.toThrow(/127\.0\.0\.1:1\/file.*cannot be fetched/u);
  });

  test.each([
    ['whole', 'gives the whole, and no range'],
    ['gone', 'answers with 404'],
    ['silent', 'Content-Range is missing'],
    ['changed', 'was changed while it was read'],
    ['short', `gives 76 bytes from ${2 ** 21} on, not 77`],
  ])('is %s', async (fault, problem) => {
    answers = 0;
    const source = await urlBytes(base + fault);
    const read = source.read(2 ** 21, 5);
    await expect(read).rejects.toThrow(FormatError);
    await expect(read).rejects.toThrow(problem);
  });
});
