import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whom the server runs as: PostgreSQL refuses to be root. */
function serverUser(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string, name: string): number =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      // There is no such user.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as');
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A server, and what can be done to it. */
export interface PostgresServer {
  /** A database that is empty at first. */
  readonly url: string;
  /** Makes the server crash, and starts it again. */
  readonly restart: () => Promise<void>;
  /** Ends the server and removes what it held. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a server in a temporary folder, on the loopback only.
 * @param bin the folder of PostgreSQL's binaries
 * @param durable whether commits reach the disk, as they do outside of tests
 */
export async function startPostgres(bin: string, durable = false): Promise<PostgresServer> {
  const user = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'espalier-postgres-'));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  const environment = { cwd: folder, ...user };
  const initialise = ['-D', data, '-U', 'espalier', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await run(join(bin, 'initdb'), initialise, environment);
  const port = await freePort();
  const sync = durable ? [] : ['-c', 'fsync=off'];
  const serve = ['-D', data, '-p', String(port), '-k', '', '-c', 'listen_addresses=127.0.0.1', ...sync];

  const start = (): { readonly server: ChildProcess; readonly gone: Promise<unknown> } => {
    const server = spawn(join(bin, 'postgres'), serve, { ...environment, stdio: 'ignore' });
    return { server, gone: once(server, 'exit') };
  };
  let running = start();

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    running.server.kill(signal);
    await running.gone;
  };
  /** Waits until the server answers. */
  const ready = async (): Promise<void> => {
    const ask = ['-h', '127.0.0.1', '-p', String(port), '-q'];
    for (;;) {
      if (running.server.exitCode !== null) throw new Error(`PostgreSQL ended with code ${running.server.exitCode}`);
      const answers = await run(join(bin, 'pg_isready'), ask).then(
        () => true,
        () => false,
      );
      if (answers) return;
      await setTimeout(50);
    }
  };
  await ready();
  return {
    url: `postgres://espalier@127.0.0.1:${port}/postgres`,
    restart: async () => {
      await end('SIGQUIT');
      running = start();
      await ready();
    },
    stop: async () => {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
