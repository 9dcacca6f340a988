import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError, createStudy, openStorage, openStudy } from '@espalier/search';
import { sqliteStorage } from '@espalier/storage';
import { beforeAll, describe, expect, it } from 'vitest';
import { findSqlite } from '../../src/sqlite/driver.ts';
import { networkFileSystem } from '../../src/sqlite/network-file-system.ts';
import { openSqlite } from '../../src/sqlite/sqlite-storage.ts';
import { migrations } from '../../src/sql/schema.ts';
import { expectFirstSchemaGoesOn } from '../helpers/first-schema.ts';
import { essence, runSample, sampleStudy } from '../helpers/sample-study.ts';
import { startScript } from '../helpers/processes.ts';
import { sharedStudy } from '../helpers/shared-study.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const file = (name: string): string => join(folder(), name);

/** A sample study of so many trials in a file. */
async function written(path: string, trials = 3): Promise<readonly unknown[]> {
  const study = await sampleStudy(`sqlite:${path}`);
  await runSample(study, trials);
  await study.close();
  return essence(study.trials);
}

async function rejection(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'none',
    (error: unknown) => String(error),
  );
}

it('holds what a study came to, in folders it makes, for whoever opens it', async () => {
  const path = file('a/new/folder/study.db');
  const before = await written(path);
  const study = await openStudy({ storage: `sqlite:${path}` });
  expect(essence(study.trials)).toEqual(before);
  await study.close();
  const storage = await openStorage(`sqlite:${path}`);
  expect(storage.url).toBe(`sqlite:${path}`);
  await storage.close();
  await expect(storage.listStudies()).rejects.toThrow(`storage sqlite:${path}: it was closed: open it again`);
});

it('goes on after a process that was killed, as if it had not been', async () => {
  const uninterrupted = await written(file('uninterrupted.db'), 8);
  const path = file('killed.db');
  const child = startScript('search-process.ts', [`sqlite:${path}`, '8']);
  await child.says('tell');
  child.signal('SIGKILL');
  await child.ended;
  expect(await written(path, 8)).toEqual(uninterrupted);
});

it('one study may be created by many at once', async () => {
  const path = file('created.db');
  const studies = await Promise.all(Array.from({ length: 5 }, () => createStudy(sharedStudy(`sqlite:${path}`))));
  expect(await studies[0]?.storage.listStudies()).toEqual(['shared']);
  await Promise.all(studies.map((study) => study.close()));
});

it('many processes may open a new file at once', async () => {
  mkdirSync(file('many'));
  const openers = Array.from({ length: 4 }, () => startScript('open-many-process.ts', [file('many'), '60']));
  await Promise.all(openers.map((opener) => opener.says('ready')));
  for (const opener of openers) opener.tell('go');
  await Promise.all(openers.map(({ ended }) => ended));
  expect(openers.flatMap(({ lines }) => lines)).toEqual(openers.flatMap(() => ['ready', 'done']));
});

it('seen by two storages at once, a claim without a lease is left to the one that lives', async () => {
  const path = file('two.db');
  const [one, two] = [await sqliteStorage(path), await sqliteStorage(path)];
  const study = await createStudy(sharedStudy(one));
  const trial = await study.ask();
  expect(await two.claim('shared', { worker: 'two', at: 0 })).toMatchObject({ number: 1 });
  await study.tell(trial, 0);
  await one.close();
  await two.close();
});

it('holds the database for no longer than it takes, whatever else this thread has to do', async () => {
  const done: string[] = [];
  const open = await findSqlite('sqlite:');
  const storage = await openSqlite(
    file('held.db'),
    {},
    {
      open: (path) => {
        const database = open(path);
        return {
          exec: (sql) => {
            done.push(sql);
            return database.exec(sql);
          },
          prepare: (sql) => database.prepare(sql),
          close: () => database.close(),
        };
      },
    },
  );
  await createStudy(sharedStudy(storage));
  done.length = 0;
  // Whoever has a claim may compute for minutes at once.
  const claimed = async (worker: string): Promise<void> => {
    await storage.claim('shared', { worker, at: 0 });
    for (let step = 0; step < 50; step += 1) {
      done.push('compute');
      await Promise.resolve();
    }
  };
  await Promise.all(['a', 'b', 'c'].map(claimed));
  expect(done.filter((each, index) => each === 'compute' && done[index - 1] === 'BEGIN IMMEDIATE')).toEqual([]);
  await storage.close();
});

it('forces every write to the disk when asked to', async () => {
  const executed: string[] = [];
  const open = await findSqlite('sqlite:');
  const storage = await openSqlite(
    file('sync.db'),
    { sync: 'always' },
    {
      open: (path) => {
        const database = open(path);
        return {
          exec: (sql) => {
            executed.push(sql);
            return database.exec(sql);
          },
          prepare: (sql) => database.prepare(sql),
          close: () => database.close(),
        };
      },
    },
  );
  expect(executed).toContain('PRAGMA synchronous = FULL');
  await storage.close();
});

describe('a file that is refused', () => {
  let whole = '';
  beforeAll(async () => {
    whole = join(folder(), 'whole.db');
    await written(whole, 30);
  });

  it.each([
    ['text', 'not a database, but text that is longer than the header of one\n'.repeat(20)],
    ['short', 'SQLite?'],
  ])('is no database: %s', async (name, text) => {
    const path = file(`${name}.txt`);
    writeFileSync(path, text);
    const message = `FormatError: ${path}: file is not a database: this is not an SQLite database: name another file`;
    expect(await rejection(sqliteStorage(path))).toBe(message);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('is a database of something else', async () => {
    const path = file('other.db');
    const database = (await findSqlite('sqlite:'))(path);
    database.exec('CREATE TABLE recipes (name TEXT)');
    database.close();
    const message = `FormatError: ${path}: this database holds something else than studies: name another file`;
    expect(await rejection(sqliteStorage(path))).toBe(message);
  });

  it('is damaged', async () => {
    const path = file('damaged.db');
    copyFileSync(whole, path);
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4096);
    writeFileSync(path, bytes);
    const message = await rejection(openStudy({ storage: `sqlite:${path}` }));
    expect(message).toContain(`FormatError: ${path}: `);
    expect(message).toContain(
      `restore it from a copy, or save what can be read: sqlite3 '${path}' .recover | sqlite3 recovered.db`,
    );
    expect(readFileSync(path)).toEqual(bytes);
  });

  it.each([
    [
      'UPDATE espalier_write SET events = substr(events, 9) WHERE revision = 4',
      "the events of study 's' at revision 4",
    ],
    ['DELETE FROM espalier_write WHERE revision = 4', "study 's' has revision 5 after 2, so rows are missing"],
    ["UPDATE espalier_study SET record = '{'", "the record of study 's' cannot be read"],
  ])('is damaged in a row: %s', async (sql, problem) => {
    const path = file(`row-${sql.length}.db`);
    await written(path);
    const database = (await findSqlite('sqlite:'))(path);
    database.exec(sql);
    database.close();
    const message = await rejection(openStudy({ storage: `sqlite:${path}` }));
    expect(message).toContain(`FormatError: sqlite:${path}: ${problem}`);
    expect(message).toContain('restore the database from a copy');
  });

  it('has lost a table', async () => {
    const path = file('lost-table.db');
    await written(path);
    const database = (await findSqlite('sqlite:'))(path);
    database.exec('DROP TABLE espalier_write');
    database.close();
    expect(await rejection(openStudy({ storage: `sqlite:${path}` }))).toContain(
      `FormatError: ${path}: no such table: espalier_write: restore it from a copy`,
    );
  });

  it.skipIf(process.platform === 'win32')('is a link to a network file system', async () => {
    mkdirSync(file('linked'));
    const target = realpathSync(file('linked'));
    writeFileSync(file('linked/study.db'), '');
    symlinkSync(file('linked/study.db'), file('link.db'));
    const probe = (each: string): number => (each === target ? 0x6969 : 0xef53);
    expect(await rejection(openSqlite(file('link.db'), {}, { probe }))).toContain(
      'it lies on a network file system (NFS)',
    );
  });

  it('was written by a newer release', async () => {
    const path = file('newer.db');
    copyFileSync(whole, path);
    const database = (await findSqlite('sqlite:'))(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(await rejection(sqliteStorage(path))).toBe(
      `FormatError: ${path}: its schema has version 99 and this package knows up to ${migrations.length}: ` +
        'use the release that wrote it, or a newer one',
    );
  });

  it('lies on a network file system', async () => {
    const path = file('remote/study.db');
    const error = await openSqlite(path, {}, { probe: () => 0x6969 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect(String(error)).toBe(
      `StorageError: storage sqlite:${path}: it lies on a network file system (NFS), where SQLite's locks do not hold: ` +
        'put the file on a local disk, or let several machines share a postgres:// database',
    );
    expect(existsSync(path)).toBe(false);
  });

  it('lies where no folder can be made', async () => {
    writeFileSync(file('plain'), '');
    const message = `the folder ${file('plain/below')} cannot be made: name another`;
    expect(await rejection(sqliteStorage(file('plain/below/study.db')))).toContain(message);
  });
});

it('a study of the first version of the schema goes on', async () => {
  const path = file('schema-1.db');
  const database = (await findSqlite('sqlite:'))(path);
  database.exec(readFileSync(new URL('../golden/schema-1.sqlite.sql', import.meta.url), 'utf8'));
  database.close();
  await expectFirstSchemaGoesOn(`sqlite:${path}`);
});

it('an older schema is brought up to date, all of it or nothing', async () => {
  const path = file('older.db');
  const before = await written(path);
  const next = [...migrations, () => ['ALTER TABLE espalier_study ADD COLUMN note TEXT']];
  const broken = [...next, () => ['CREATE TABLE half (a INTEGER)', 'CREATE TABLE half (a INTEGER)']];
  expect(await rejection(openSqlite(path, {}, { migrations: broken }))).toContain('table half already exists');
  const study = await openStudy({ storage: await openSqlite(path, {}, { migrations: next }) });
  expect(essence(study.trials)).toEqual(before);
  await study.storage.close();
  expect(await rejection(sqliteStorage(path))).toContain(`version ${next.length}`);
});

it.skipIf(process.platform === 'win32')('a full disk is one clear error, and nothing told before is lost', async () => {
  const path = file('full.db');
  await written(path, 1);
  // A limit on the pages of the database stands in for a disk without room.
  const open = await findSqlite('sqlite:');
  const storage = await openSqlite(
    path,
    {},
    {
      open: (name) => {
        const database = open(name);
        database.exec('PRAGMA max_page_count = 9');
        return database;
      },
    },
  );
  const study = await sampleStudy(storage);
  const message = await rejection(runSample(study, 500));
  expect(message).toBe(
    `StorageError: storage sqlite:${path}: database or disk is full: free space and resume; what it held is safe`,
  );
  await storage.close().catch(() => undefined);
  const told = study.trials.filter(({ state }) => state === 'complete').length;
  expect(told).toBeGreaterThan(2);
  const again = await sampleStudy(`sqlite:${path}`);
  await again.close();
  expect(again.trials.filter(({ state }) => state === 'complete')).toHaveLength(told);
});

describe('the driver', () => {
  const absent = (code: string) => async () => {
    throw Object.assign(new Error('no such module'), { code });
  };
  class Database {
    exec(): void {}
  }

  it("is Node's own where there is one", async () => {
    const own = { module: 'node:sqlite', load: async () => ({ DatabaseSync: Database }), opener: 'DatabaseSync' };
    const other = { module: 'libsql', load: absent('ERR_MODULE_NOT_FOUND'), opener: 'default' };
    expect((await findSqlite('sqlite:x', [own, other]))('x')).toBeInstanceOf(Database);
  });

  it('is said to be missing where there is none', async () => {
    const own = { module: 'node:sqlite', load: absent('ERR_UNKNOWN_BUILTIN_MODULE'), opener: 'DatabaseSync' };
    const other = { module: 'libsql', load: absent('ERR_MODULE_NOT_FOUND'), opener: 'default' };
    expect(await rejection(findSqlite('sqlite:x', [own, other]))).toBe(
      `StorageError: storage sqlite:x: Node ${process.versions.node} has no SQLite of its own: npm install libsql, ` +
        'or use Node 22.13 or newer',
    );
  });

  it('is said to be broken where it does not load', async () => {
    const broken = { module: 'libsql', load: absent('ERR_DLOPEN_FAILED'), opener: 'default' };
    const message = 'StorageError: storage sqlite:x: libsql does not load: install it anew for this machine';
    expect(await rejection(findSqlite('sqlite:x', [broken]))).toBe(message);
  });
});

it.runIf(process.platform === 'linux').each([
  [0x6969, 'NFS'],
  [0x65735546, 'FUSE'],
  [0xff534d42 | 0, 'CIFS'],
  [0xef53, undefined],
  [0x01021994, undefined],
])('the file system of number %i is called %s', (number, name) => {
  expect(networkFileSystem('/x', () => number)).toBe(name);
});
