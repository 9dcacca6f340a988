import { readFileSync } from 'node:fs';
import { StorageError, createStudy, openStorage, openStudy } from '@espalier/search';
import { postgresStorage } from '@espalier/storage';
import { describe, expect, it } from 'vitest';
import { migrations } from '../../src/sql/schema.ts';
import { openPostgres } from '../../src/postgres/postgres-storage.ts';
import type { PostgresClient } from '../../src/postgres/connection.ts';
import { postgresServer, query } from '../helpers/postgres.ts';
import { expectFirstSchemaGoesOn } from '../helpers/first-schema.ts';
import { essence, runSample, sampleStudy } from '../helpers/sample-study.ts';
import { flaws, sharedStudy } from '../helpers/shared-study.ts';

const { emptyDatabase, restart } = postgresServer();

async function rejection(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'none',
    (error: unknown) => String(error),
  );
}

it('holds what a study came to, for whoever opens it, by either name of its scheme', async () => {
  const url = await emptyDatabase();
  const study = await sampleStudy(url);
  await runSample(study, 3);
  await study.close();
  const again = await openStudy({ storage: url.replace('postgres:', 'postgresql:') });
  expect(essence(again.trials)).toEqual(essence(study.trials));
  await again.close();
  const storage = await openStorage(url);
  await storage.close();
  await expect(storage.listStudies()).rejects.toThrow('it was closed: open it again');
});

it('many who open an empty database at once make one schema', async () => {
  const url = await emptyDatabase();
  const storages = await Promise.all(Array.from({ length: 5 }, () => postgresStorage(url)));
  expect(await query(url, 'SELECT version FROM espalier_schema')).toEqual([{ version: migrations.length }]);
  await Promise.all(storages.map((storage) => storage.close()));
});

it('goes on when the server crashes, in the middle of a trial', async () => {
  const study = await createStudy(sharedStudy(await emptyDatabase()));
  const trial = await study.ask();
  trial.report(1, { loss: 1 });
  await restart();
  await study.tell(trial, 2);
  const next = await study.ask();
  await restart();
  await study.tell(next, 3);
  expect(study.trials.map(({ metrics, reports }) => [metrics['loss'], reports.length])).toEqual([
    [2, 1],
    [3, 0],
  ]);
  await study.close();
});

describe('a connection that breaks as it commits', () => {
  /** A client whose first so many commits after a start fail: those the server has done, or those it never saw. */
  const breaking = (when: { count: number; done: boolean }) => (client: PostgresClient) => ({
    connect: () => client.connect(),
    on: (event: 'error' | 'end', listener: () => void) => client.on(event, listener),
    end: () => client.end(),
    query: async (statement: Parameters<PostgresClient['query']>[0]) => {
      const breaks = statement.text === 'COMMIT' && when.count > 0;
      if (!breaks) return client.query(statement);
      when.count -= 1;
      if (when.done) await client.query(statement);
      await client.end();
      throw new Error('Connection terminated unexpectedly');
    },
  });

  it.each([
    ['after the server has done it', true],
    ['before the server has seen it', false],
  ])('%s, does everything once', async (_, done) => {
    const when = { count: 0, done };
    const storage = await openPostgres(await emptyDatabase(), { wrap: breaking(when) });
    const broken = async <T>(action: () => Promise<T>): Promise<T> => {
      when.count = 2;
      const result = await action();
      expect(when.count).toBeLessThan(2);
      when.count = 0;
      return result;
    };
    const study = await broken(() => createStudy({ ...sharedStudy(storage), resume: false }));
    const other = createStudy({ ...sharedStudy(storage), resume: false });
    await expect(other).rejects.toThrow("study 'shared'");
    expect(await broken(() => study.enqueue({ x: 0.5 }, { x: 0.25 }))).toEqual([0, 1]);
    for (const number of [0, 1, 2]) {
      const trial = await broken(() => study.ask());
      expect(trial.number).toBe(number);
      trial.report(1, { loss: 1 });
      await broken(() => study.tell(trial, number));
    }
    const events = await storage.read('shared', 0);
    expect(flaws(events)).toEqual([]);
    const types = events.map(({ event }) => event.type);
    const enqueued = ['claim', 'report', 'finish'];
    expect(types).toEqual(['enqueue', 'enqueue', ...enqueued, ...enqueued, 'claim', 'start', 'report', 'finish']);
    await storage.close();
  });
});

describe('a database that is refused', () => {
  it('was written by a newer release', async () => {
    const url = await emptyDatabase();
    await (await postgresStorage(url)).close();
    await query(url, 'UPDATE espalier_schema SET version = 99');
    expect(await rejection(postgresStorage(url))).toBe(
      `FormatError: ${url}: its schema has version 99 and this package knows up to ${migrations.length}: ` +
        'use the release that wrote it, or a newer one',
    );
  });

  it('has lost a table', async () => {
    const url = await emptyDatabase();
    await (await sampleStudy(url)).close();
    await query(url, 'DROP TABLE espalier_write');
    expect(await rejection(openStudy({ storage: url }))).toBe(
      `FormatError: ${url}: the database has lost a table (relation "espalier_write" does not exist): ` +
        'restore it from a copy',
    );
  });

  it('has a row that is damaged', async () => {
    const url = await emptyDatabase();
    const study = await sampleStudy(url);
    await runSample(study, 1);
    await study.close();
    await query(url, "UPDATE espalier_write SET events = '[' WHERE revision = 1");
    expect(await rejection(openStudy({ storage: url }))).toBe(
      `FormatError: ${url}: the events of study 's' at revision 1 cannot be read: its checksum does not match: restore the database from a copy`,
    );
  });

  it('is only read: it can be looked at, and writes say why not', async () => {
    const url = await emptyDatabase();
    const study = await sampleStudy(url);
    await runSample(study, 1);
    await study.close();
    await query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`);
    const again = await openStudy({ storage: url });
    expect(essence(again.trials)).toEqual(essence(study.trials));
    expect(await rejection(again.ask())).toContain(
      'read-only transaction: the server only reads, as a standby does: name the one that writes in the URL',
    );
    await again.close();
  });

  it('does not exist', async () => {
    const url = (await emptyDatabase()).replace(/test\d+$/u, 'absent');
    expect(await rejection(postgresStorage(url))).toBe(
      `StorageError: storage ${url}: database "absent" does not exist: create it, such as by createdb, or name another in the URL`,
    );
  });

  it('asks for a password that nobody gave', async () => {
    const url = await emptyDatabase();
    const wrap = (client: PostgresClient): PostgresClient => ({
      on: (event, listener) => client.on(event, listener),
      query: (statement) => client.query(statement),
      end: () => client.end(),
      // What the driver says then: the tests' own server lets everybody in.
      connect: () => Promise.reject(new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')),
    });
    expect(await rejection(openPostgres(url, { wrap }))).toBe(
      `StorageError: storage ${url}: the server asks for a password, and there is none: ` +
        'give it in the URL, by PGPASSWORD, or in ~/.pgpass',
    );
  });

  it('has a URL that cannot be read', async () => {
    const error = await postgresStorage('postgres://user:pass word@host:port/x').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect(String(error)).toContain('write postgres://user:password@host:5432/database');
  });
});

it('a study of the first version of the schema goes on', async () => {
  const url = await emptyDatabase();
  await query(url, readFileSync(new URL('../golden/schema-1.postgres.sql', import.meta.url), 'utf8'));
  await expectFirstSchemaGoesOn(url);
});

it('an older schema is brought up to date, all of it or nothing', async () => {
  const url = await emptyDatabase();
  await (await postgresStorage(url)).close();
  const next = [...migrations, () => ['ALTER TABLE espalier_study ADD COLUMN note TEXT']];
  const broken = [...next, () => ['CREATE TABLE half (a INTEGER)', 'CREATE TABLE half (a INTEGER)']];
  expect(await rejection(openPostgres(url, { migrations: broken }))).toContain('"half" already exists');
  await (await openPostgres(url, { migrations: next })).close();
  expect(await query(url, 'SELECT version FROM espalier_schema')).toEqual([{ version: next.length }]);
  expect(await query(url, "SELECT to_regclass('half') AS half")).toEqual([{ half: null }]);
});

it('a password does not show in errors', async () => {
  const url = (await emptyDatabase()).replace('espalier@', 'espalier:secret@');
  const storage = await postgresStorage(url);
  expect(storage.url).toBe(url);
  const message = await rejection(storage.read('absent', 0));
  expect(message).toContain('there is none of this name');
  expect(message).not.toContain('secret');
  await storage.close();
});

it("tries again when the server's own limits end a statement, and shows its URL to nobody", async () => {
  const url = await emptyDatabase();
  const study = await sampleStudy(url);
  await runSample(study, 1);
  await study.close();
  for (const code of ['55P03', '57014']) {
    let left = 2;
    const storage = await openPostgres(url, {
      wrap: (client) => ({
        connect: () => client.connect(),
        on: (event: 'error' | 'end', listener: () => void) => client.on(event, listener),
        end: () => client.end(),
        query: async (statement: Parameters<PostgresClient['query']>[0]) => {
          if (statement.text.includes('FROM espalier_write') && left > 0) {
            left -= 1;
            throw Object.assign(new Error('canceling statement'), { severity: 'ERROR', code });
          }
          return client.query(statement);
        },
      }),
    });
    expect((await storage.read('s', 0)).length).toBeGreaterThan(0);
    expect(left).toBe(0);
    expect(JSON.stringify(storage)).not.toContain('postgres:');
    await storage.close();
  }
});
