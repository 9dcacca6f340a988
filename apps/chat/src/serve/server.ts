/**
 * A static server for development, on this machine alone: texts in memory and files on the disk by their paths, files by range.
 * Pages are isolated from others, so that workers may share memory.
 */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { rangeOf } from './ranges.ts';

/** What every answer carries. Scripts are the page's own; kernels are WebAssembly; threads start from blobs. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; img-src data:; connect-src 'self' https:; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
} as const;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
};

/** What is served, by path from `/` on. */
export interface Served {
  readonly texts: Readonly<Record<string, string>>;
  /** Paths on the disk. Nothing beside them is served. */
  readonly files: Readonly<Record<string, string>>;
}

/** A server that runs. */
export interface Server {
  /** `http://127.0.0.1:PORT/` */
  readonly address: string;
  readonly close: () => Promise<void>;
}

function answerText(response: ServerResponse, path: string, text: string, isHead: boolean): void {
  const type = types[extname(path)] ?? 'text/plain; charset=utf-8';
  response.writeHead(200, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(isHead ? undefined : text);
}

function answerFile(request: IncomingMessage, response: ServerResponse, file: string): void {
  const { size, mtimeMs } = statSync(file);
  const range = rangeOf(request.headers.range, size);
  const common = {
    ...headers,
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag: `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`,
  };
  if (range === 'outside') return void response.writeHead(416, { ...common, 'content-range': `bytes */${size}` }).end();
  const { begin, end } = range ?? { begin: 0, end: size };
  response.writeHead(range ? 206 : 200, {
    ...common,
    'content-length': end - begin,
    ...(range && { 'content-range': `bytes ${begin}-${end - 1}/${size}` }),
  });
  if (request.method === 'HEAD' || begin === end) return void response.end();
  const stream = createReadStream(file, { start: begin, end: end - 1 });
  // Whoever asked is told by a connection that ends too early.
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

/** Starts a server on the loopback; port 0 is one that is free. */
export async function serve({ texts, files }: Served, port = 0): Promise<Server> {
  const server = createServer((request, response) => {
    const isHead = request.method === 'HEAD';
    if (request.method !== 'GET' && !isHead) return void response.writeHead(405, headers).end();
    try {
      const path = decodeURIComponent((request.url ?? '/').replace(/\?.*$/su, ''));
      const named = path === '/' ? '/index.html' : path;
      const text = Object.hasOwn(texts, named) ? texts[named] : undefined;
      if (text !== undefined) return answerText(response, named, text, isHead);
      const file = Object.hasOwn(files, named) ? files[named] : undefined;
      if (file !== undefined) return answerFile(request, response, file);
      response.writeHead(404, headers).end();
    } catch {
      // A file that was there and is not any more, or a path that is none.
      response.writeHead(404, headers).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
