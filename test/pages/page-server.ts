// A server of pages on loopback, with the headers that strict sites send.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

/** What every answer carries: nothing but the site's own scripts, and WebAssembly, may run; memory may be shared. */
export const strictHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
} as const;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
};

export interface PageServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves texts by path, and the files of folders below their prefixes. */
export async function servePages(
  texts: Readonly<Record<string, string>>,
  folders: Readonly<Record<string, string>>,
): Promise<PageServer> {
  const find = async (path: string): Promise<string | Uint8Array | undefined> => {
    const text = texts[path];
    if (text !== undefined) return text;
    const prefix = Object.keys(folders).find((start) => path.startsWith(start));
    if (prefix === undefined) return undefined;
    return readFile(join(folders[prefix] ?? '', path.slice(prefix.length))).catch(() => undefined);
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    void find(path).then((body) => {
      const type = types[extname(path)] ?? 'application/octet-stream';
      response.writeHead(body === undefined ? 404 : 200, { ...strictHeaders, 'content-type': type });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
