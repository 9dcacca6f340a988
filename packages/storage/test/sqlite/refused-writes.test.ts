import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openStudy } from '@espalier/search';
import { sqliteStorage } from '@espalier/storage';
import { beforeAll, describe, expect, it } from 'vitest';
import { findSqlite, type OpenSqlite, type SqliteDatabase } from '../../src/sqlite/driver.ts';
import { openSqlite } from '../../src/sqlite/sqlite-storage.ts';
import { startScript } from '../helpers/processes.ts';
import { essence, runSample, sampleStudy } from '../helpers/sample-study.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const file = (name: string): string => join(folder(), name);
let before: readonly unknown[];

beforeAll(async () => {
  chmodSync(folder(), 0o755);
  const study = await sampleStudy(`sqlite:${file('whole.db')}`);
  await runSample(study, 3);
  await study.close();
  before = essence(study.trials);
});

/** Node 22.13 and 22.14 cannot open a file without making others beside it. */
const canFreeze = !/^22\.1[34]\./u.test(process.versions.node);

/** A folder with a copy of the study, and other files, that may not be written. */
function copied(name: string, others: readonly string[] = []): string {
  mkdirSync(file(name));
  const path = file(`${name}/study.db`);
  copyFileSync(file('whole.db'), path);
  for (const other of others) writeFileSync(`${path}${other}`, 'x'.repeat(100));
  for (const each of readdirSync(file(name))) chmodSync(join(file(name), each), 0o444);
  chmodSync(file(name), 0o555);
  return path;
}

/** What a user who may not write says of a study. */
async function lookOn(url: string): Promise<readonly string[]> {
  const script = startScript('look-on-process.ts', [url]);
  await script.ended;
  return script.lines;
}

/** A folder that is mounted without writing; undefined when this machine has none. */
function readOnlyFolder(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts
    .map((line) => line.split(' ')[4] ?? '')
    .find((path) => {
      try {
        if (statSync(path).isDirectory()) accessSync(path, constants.W_OK);
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EROFS';
      }
    });
}

/** An error as a driver throws it. */
const failure = (message: string, rawCode: number): Error => Object.assign(new Error(message), { rawCode });

/** The driver, with something done before each statement is prepared, unless the file is opened frozen. */
async function watched(look: (sql: string) => void): Promise<OpenSqlite> {
  const open = await findSqlite('sqlite:');
  return (path, how): SqliteDatabase => {
    const database = open(path, how);
    if (how === 'frozen') return database;
    return {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => {
        look(sql);
        return database.prepare(sql);
      },
      close: () => database.close(),
    };
  };
}

describe.skipIf(process.platform === 'win32')('a folder that may not be written', () => {
  it.runIf(canFreeze)('is read all the same, and writes say why they cannot be', async () => {
    const path = copied('100% of #1?');
    const url = `sqlite:${path}`;
    expect(await lookOn(url)).toEqual([
      '3 trials',
      `StorageError: storage ${url}: attempt to write a readonly database: make file and folder writable; ` +
        'what it held is safe',
      'closed',
    ]);
    expect(readdirSync(file('100% of #1?'))).toEqual(['study.db']);
  });

  it('cannot be read while the last writes are in a log beside the file', async () => {
    const path = copied('log', ['-wal']);
    expect(await lookOn(`sqlite:${path}`)).toEqual([
      `StorageError: storage sqlite:${path}: it cannot be opened: this user may not write in ${file('log')}: make it ` +
        'writable, or copy the file, with the -wal beside it if there is one, to a folder that is',
    ]);
  });

  it('gets no new file', async () => {
    copied('new');
    const [line] = await lookOn(`sqlite:${file('new/other.db')}`);
    expect(line).toContain(`this user may not write in ${file('new')}: make it writable`);
  });

  const readOnly = readOnlyFolder();
  it.runIf(readOnly !== undefined)('is told from a file system that takes no writes', async () => {
    const error: unknown = await sqliteStorage(`${readOnly}/other.db`).catch((reason: unknown) => reason);
    expect(String(error)).toContain(`the file system of ${readOnly} is read only`);
  });

  it('is told from a file that may not be read', async () => {
    const path = copied('secret');
    chmodSync(path, 0);
    const [line] = await lookOn(`sqlite:${path}`);
    expect(line).toContain('this user may not read it: change its permissions');
  });
});

describe('what cannot be opened', () => {
  it('is a folder', async () => {
    mkdirSync(file('a-folder'));
    await expect(sqliteStorage(file('a-folder'))).rejects.toThrow(
      `storage sqlite:${file('a-folder')}: it cannot be opened: this is a folder: name a file in it`,
    );
  });

  it('has lost its folder', async () => {
    const path = file('lost/study.db');
    const open: OpenSqlite = () => {
      rmSync(file('lost'), { recursive: true });
      // As libsql says it: the code is in the text alone.
      throw new Error(`ConnectionFailed("Unable to open connection to local database ${path}: 14")`);
    };
    await expect(openSqlite(path, {}, { open })).rejects.toThrow(
      `storage sqlite:${path}: it cannot be opened: there is no folder ${file('lost')}: make it, or name another`,
    );
  });
});

describe('a full disk', () => {
  it.runIf(canFreeze)('lets a study be looked at, and closed', async () => {
    const path = file('full.db');
    copyFileSync(file('whole.db'), path);
    const open = await watched((sql) => {
      if (sql === 'PRAGMA journal_mode = WAL' || sql.startsWith('PRAGMA application')) {
        throw failure('disk I/O error', 4874);
      }
    });
    const storage = await openSqlite(path, {}, { open });
    const study = await openStudy({ storage });
    expect(essence(study.trials)).toEqual(before);
    await expect(study.ask()).rejects.toThrow(
      `storage sqlite:${path}: disk I/O error: free space and resume; what it held is safe`,
    );
    await storage.close();
  });

  it('that the log cannot be moved into the file on is no error: what is in it is found', async () => {
    const path = file('unsettled.db');
    const open = await watched((sql) => {
      if (sql.startsWith('PRAGMA wal_checkpoint')) throw failure('database or disk is full', 13);
    });
    const storage = await openSqlite(path, {}, { open });
    const study = await sampleStudy(storage);
    await runSample(study, 3);
    await storage.close();
    const again = await openStudy({ storage: `sqlite:${path}` });
    expect(essence(again.trials)).toEqual(before);
    await again.close();
  });

  it('of which a new file gets nothing is said to be full', async () => {
    const path = file('never.db');
    const open = await watched((sql) => {
      if (sql.startsWith('CREATE TABLE')) throw failure('database or disk is full', 13);
    });
    await expect(openSqlite(path, {}, { open })).rejects.toThrow('database or disk is full: free space and resume');
  });
});
