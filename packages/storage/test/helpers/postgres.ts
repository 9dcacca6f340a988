import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { startPostgres, type PostgresServer } from './postgres-server.ts';

/** A PostgreSQL server for the tests of a file, stopped after them. */
export function postgresServer(): {
  /** Makes a database and gives its URL. */
  readonly emptyDatabase: () => Promise<string>;
  /** Makes the server crash, and starts it again. */
  readonly restart: () => Promise<void>;
} {
  let server: PostgresServer | undefined;
  let count = 0;
  const started = (): PostgresServer => {
    if (server === undefined) throw new Error('the server is started before the tests, not before that');
    return server;
  };
  beforeAll(async () => {
    const bin = process.env['POSTGRES_BIN'];
    if (bin === undefined || bin === '')
      throw new Error('there is no PostgreSQL on this machine: install it, or set POSTGRES_BIN');
    server = await startPostgres(bin);
  });
  afterAll(() => server?.stop());
  return {
    emptyDatabase: async () => {
      const { url } = started();
      const name = `test${(count += 1)}`;
      await query(url, `CREATE DATABASE ${name}`);
      return url.replace(/postgres$/u, name);
    },
    restart: () => started().restart(),
  };
}

/** Runs a statement on a database. */
export async function query(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
