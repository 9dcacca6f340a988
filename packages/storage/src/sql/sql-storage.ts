/**
 * The storage over SQL: the same statements and transactions for every database, which brings its engine and dialect.
 */
import { randomUUID } from 'node:crypto';
import {
  existingStudy,
  FormatError,
  missingStudy,
  recordProblem,
  refuseUnreadable,
  type Claim,
  type Storage,
  type StoredEvent,
  type StudyEvent,
  type StudyRecord,
} from '@espalier/search';
import { decode, encode } from '../json.ts';
import { checkSum, Damage, orDamaged, sumOf } from './checksum.ts';
import { columns, numberOf, textOf, type SqlEngine, type SqlRow, type SqlSession } from './engine.ts';
import { eventsOf, trialsOf } from './log-rows.ts';
import { TrialRows, type StudyKey } from './trial-rows.ts';

/** How many rows of a log are read at a time. */
const rowsPerRead = 5000;

/** Milliseconds between two looks for claims without a lease whose process has gone. */
const lookEvery = 1000;

/** A change that a transaction is to make. */
interface Plan<T> {
  /** How many events it appends. */
  readonly count: number;
  /** How many new numbers it takes. */
  readonly numbers?: number;
  /** Does what is to be done with the first of the new numbers, and gives the events and what comes of it all. */
  readonly carryOut: (
    first: number,
  ) =>
    | Promise<{ readonly events: readonly StudyEvent[]; readonly result: T }>
    | { readonly events: readonly StudyEvent[]; readonly result: T };
}

/** How far a study is: the revision of its log, and how many trials it has, by its row and by theirs. */
interface Extent {
  readonly revision: number;
  readonly trials: number;
  readonly rows: number;
}

/**
 * The storage that any SQL database makes. Every change is one transaction: it takes the rows of its trials, then the
 * row of its study, and holds both until it is done, so revisions and numbers have no gaps and nobody waits in a circle.
 */
export function sqlStorage(engine: SqlEngine): Storage {
  const { dialect, url, shown } = engine;
  const keys = new Map<string, StudyKey>();
  /** Per study, when claims without a lease were last looked through. */
  const looked = new Map<string, number>();
  /** The studies in which this storage has claimed trials. */
  const claimedIn = new Set<string>();
  let closed = false;

  /**
   * Makes sure that the newest log is of a study that there is.
   * @throws {FormatError} when it is not: the table of studies has lost one, whose rows the next would inherit.
   */
  const checkOwned = async (session: SqlSession): Promise<void> => {
    const [orphan] = await session.all(
      `SELECT 1 AS orphan FROM (SELECT max(study) AS study FROM espalier_write) AS newest
        WHERE study IS NOT NULL AND NOT EXISTS (SELECT 1 FROM espalier_study WHERE id = newest.study)`,
    );
    if (orphan === undefined) return;
    throw new FormatError(shown, 0, 'it has lost a study whose trials it holds: restore the database from a copy');
  };

  const namesIn = async (session: SqlSession): Promise<readonly string[]> => {
    const rows = await session.all(`SELECT ${columns(dialect, 'name')} FROM espalier_study ORDER BY id`);
    const names = rows.map((row, index) => orDamaged(shown, `study ${index + 1} of it`, () => textOf(row, 'name')));
    await checkOwned(session);
    return names;
  };

  const recordOf = (row: SqlRow, name: string): StudyRecord =>
    orDamaged(shown, `the record of study '${name}'`, () => {
      const text = textOf(row, 'record');
      checkSum(row, 'checksum', name, text);
      const value = decode(text);
      const problem = recordProblem(value);
      if (problem !== undefined) throw new Damage(`it ${problem}`);
      const record = value as StudyRecord;
      if (record.name !== name) throw new Damage(`it is of study '${record.name}'`);
      return record;
    });

  /**
   * The row of a study; undefined when there is none.
   * @throws {FormatError} when the table has it and the index of names has not.
   */
  const rowOf = async (session: SqlSession, name: string): Promise<SqlRow | undefined> => {
    const sql = `SELECT ${columns(dialect, 'id', 'record', 'checksum')} FROM espalier_study WHERE name = ?`;
    const [row] = await session.all(sql, [name]);
    if (row !== undefined) return row;
    // An expression, which no index answers.
    const [hidden] = await session.all("SELECT 1 AS hidden FROM espalier_study WHERE name || '' = ?", [name]);
    if (hidden === undefined) {
      await checkOwned(session);
      return undefined;
    }
    // Somebody may have made it just now.
    const [again] = await session.all(sql, [name]);
    if (again !== undefined) return again;
    throw new FormatError(shown, 0, `its index has lost study '${name}': restore the database from a copy`);
  };

  /** How far a study is by its row, and by the rows of its trials, which tell how many there are. */
  const extentOf = async (session: SqlSession, { id, name }: StudyKey): Promise<Extent> => {
    const last = dialect.column('(SELECT max(number) FROM espalier_trial WHERE study = espalier_study.id)');
    const sql = `SELECT ${columns(dialect, 'revision', 'next_number')}, ${last} AS last_trial FROM espalier_study WHERE id = ?`;
    const [row] = await session.all(sql, [id]);
    const extent = orDamaged(shown, `the row of study '${name}'`, () => ({
      revision: numberOf(row, 'revision'),
      trials: numberOf(row, 'next_number'),
      rows: row?.['last_trial'] === null ? 0 : numberOf(row, 'last_trial') + 1,
    }));
    if (extent.rows === extent.trials) return extent;
    const problem = `study '${name}' has rows of ${extent.rows} trials, and its own says ${extent.trials}`;
    throw new FormatError(shown, 0, `${problem}: restore the database from a copy`);
  };

  const keyOf = async (session: SqlSession, name: string): Promise<StudyKey> => {
    const known = keys.get(name);
    if (known !== undefined) return known;
    const row = await rowOf(session, name);
    if (row === undefined) throw missingStudy(name, shown, await namesIn(session));
    const { retries } = recordOf(row, name);
    const key = { name, id: numberOf(row, 'id'), retries };
    keys.set(name, key);
    return key;
  };

  /** Makes a change in one transaction, once, however often the connection breaks meanwhile. */
  const change = <T>(name: string, plan: (rows: TrialRows) => Promise<Plan<T>>): Promise<T> => {
    const token = randomUUID();
    let written: { readonly revision: number; readonly result: T } | undefined;
    return engine.write(async (session) => {
      const study = await keyOf(session, name);
      if (written !== undefined) {
        // What the broken connection had sent is settled once the row of the study can be had.
        await session.all(`SELECT id FROM espalier_study WHERE id = ?${engine.dialect.lock.wait}`, [study.id]);
        const sql = `SELECT ${columns(dialect, 'token')} FROM espalier_write WHERE study = ? AND revision = ?`;
        const [row] = await session.all(sql, [study.id, written.revision]);
        if (textOf(row, 'token') === token) return written.result;
        written = undefined;
      }
      const { count, numbers = 0, carryOut } = await plan(new TrialRows(session, engine, study));
      if (count === 0) return (await carryOut(0)).result;
      const [counters] = await session.all(
        `UPDATE espalier_study SET revision = revision + ?, next_number = next_number + ? WHERE id = ?
          RETURNING ${columns(dialect, 'revision', 'next_number')}`,
        [count, numbers, study.id],
      );
      const [next, revision] = orDamaged(shown, `the row of study '${name}'`, () => [
        numberOf(counters, 'next_number'),
        numberOf(counters, 'revision'),
      ]);
      const { events, result } = await carryOut(next - numbers);
      refuseUnreadable(name, events);
      const text = encode(events);
      const sql = 'INSERT INTO espalier_write (study, revision, token, events, checksum) VALUES (?, ?, ?, ?, ?)';
      await session.all(sql, [study.id, revision, token, text, sumOf(revision, text)]);
      written = { revision, result };
      return result;
    });
  };

  return {
    url,
    shared: true,
    createStudy: (record) => {
      const text = encode(record);
      let tried = false;
      return engine.write(async (session) => {
        const { name } = record;
        await checkOwned(session);
        const sql =
          'INSERT INTO espalier_study (name, record, checksum) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING id';
        const [row] = await session.all(sql, [name, text, sumOf(name, text)]);
        const select = `SELECT ${columns(dialect, 'record')} FROM espalier_study WHERE name = ?`;
        const [known] = await session.all(select, [name]);
        // One that is there after the connection broke may be the one just written.
        if (row === undefined && !(tried && textOf(known, 'record') === text)) throw existingStudy(name, shown);
        tried = true;
      });
    },
    readStudy: (name) =>
      engine.read(async (session) => {
        const row = await rowOf(session, name);
        return row && recordOf(row, name);
      }),
    listStudies: () => engine.read(namesIn),
    read: (name, after) =>
      engine.read(async (session) => {
        const key = await keyOf(session, name);
        // A damaged page may take the end of a log with it, which no row that is left tells of; the study's row does.
        const least = after === 0 ? await extentOf(session, key) : undefined;
        const read = columns(dialect, 'revision', 'events', 'checksum');
        const sql = `SELECT ${read} FROM espalier_write WHERE study = ? AND revision > ? ORDER BY espalier_write.revision LIMIT ${rowsPerRead}`;
        const events: StoredEvent[] = [];
        // A part at a time: what the driver gives takes more memory than what becomes of it.
        for (let known = after; ;) {
          const rows = await session.all(sql, [key.id, known]);
          for (const event of eventsOf(shown, name, rows, known)) events.push(event);
          known = events.at(-1)?.revision ?? known;
          if (rows.length === rowsPerRead) continue;
          // Others may have written since.
          if (least === undefined) return events;
          const trials = trialsOf(events);
          if (known < least.revision || known > (await extentOf(session, key)).revision) {
            const problem = `the log of study '${name}' ends at revision ${known}, and its row says ${least.revision}`;
            throw new FormatError(shown, 0, `${problem}: restore the database from a copy`);
          }
          if (trials < least.trials) {
            const problem = `the log of study '${name}' tells of ${trials} trials, and its row of ${least.trials}`;
            throw new FormatError(shown, 0, `${problem}: restore the database from a copy`);
          }
          return events;
        }
      }),
    enqueue: (name, configs, at) =>
      change(name, async (rows) => ({
        count: configs.length,
        numbers: configs.length,
        carryOut: async (first) => {
          const events = configs.map((config, index) => {
            return { type: 'enqueue', number: first + index, attempt: 0, at, config } as const;
          });
          for (const { number, config } of events) await rows.insert(number, 0, config);
          return { events, result: events.map(({ number }) => number) };
        },
      })),
    claim: async (name, { worker, at, lease }) => {
      const claim = await change<Claim>(name, async (rows) => {
        const isDue = performance.now() - (looked.get(name) ?? -Infinity) >= lookEvery;
        const losses = [...(await rows.takeExpired(at)), ...(isDue ? await rows.takeAbandoned(at) : [])];
        if (isDue) looked.set(name, performance.now());
        const waiting = await rows.firstWaiting();
        return {
          count: losses.length + 1,
          numbers: waiting === undefined ? 1 : 0,
          carryOut: async (first) => {
            const token = { number: waiting?.number ?? first, attempt: (waiting?.attempt ?? 0) + 1 };
            const terms = { at, worker, ...(lease === undefined ? {} : { lease }) };
            if (waiting === undefined) await rows.insert(token.number, token.attempt, undefined, lease);
            else await rows.claim(waiting, { ...token, ...terms });
            const config = waiting?.config === undefined ? {} : { config: waiting.config };
            return { events: [...losses, { type: 'claim', ...token, ...terms }], result: { ...token, ...config } };
          },
        };
      });
      claimedIn.add(name);
      return claim;
    },
    renew: (name, claims, lease) =>
      engine.write(async (session) => {
        const rows = new TrialRows(session, engine, await keyOf(session, name));
        const late = new Set<number>();
        // By number, as every other write takes its rows.
        for (const [index, { number, attempt }] of [...claims.entries()].toSorted(
          ([, a], [, b]) => a.number - b.number,
        )) {
          if (!(await rows.renew(number, attempt, lease))) late.add(index);
        }
        return claims.filter((_, index) => late.has(index));
      }),
    append: (name, events) => {
      if (events.some(({ type }) => type === 'resume')) claimedIn.add(name);
      return change(name, async (rows) => {
        await rows.append(events);
        return { count: events.length, carryOut: () => ({ events, result: undefined }) };
      });
    },
    close: async () => {
      if (closed) return;
      closed = true;
      try {
        for (const name of claimedIn) {
          await change(name, async (rows) => {
            const events = await rows.giveUp('its storage was closed', Date.now());
            return { count: events.length, carryOut: () => ({ events, result: undefined }) };
          });
        }
      } finally {
        await engine.close();
      }
    },
  };
}
