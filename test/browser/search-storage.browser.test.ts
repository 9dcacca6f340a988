import {
  StorageLockedError,
  createStudy,
  indexedDbStorage,
  int,
  maxTrials,
  openStorage,
  openStudy,
  space,
  type Storage,
} from '@espalier/search';
import { storageLaws } from '@espalier/testing/search';
import { describe, expect, it } from 'vitest';

const unused = (): string => crypto.randomUUID();

describe('indexeddb', () => {
  const create = (): Promise<Storage> => indexedDbStorage(unused());
  const reopen = async (storage: Storage): Promise<Storage> => {
    await storage.close();
    return indexedDbStorage(storage.url.replace('indexeddb:', ''));
  };
  it.each(storageLaws({ create, reopen }).map(({ name, check }) => [name, check] as const))('%s', (_, check) =>
    check(),
  );

  it('is open to one page at a time', async () => {
    const name = unused();
    const storage = await indexedDbStorage(name);
    await expect(indexedDbStorage(name)).rejects.toThrow(StorageLockedError);
    await storage.close();
    await (await indexedDbStorage(name)).close();
  });

  it('holds a study from page to page', async () => {
    const storage = `indexeddb:${unused()}`;
    const domain = space({ x: int(0, 99) });
    const study = await createStudy({ name: 'square', storage, space: domain, objectives: ['minimize loss'] });
    await study.run(({ config: { x } }) => (x - 40) ** 2, { stop: [maxTrials(10)] });
    await study.close();
    const again = await openStudy({ storage });
    expect(again.best).toEqual(study.best);
    expect(again.trials).toHaveLength(10);
    await again.close();
  });
});

it('a file is refused, since there is no Node', async () => {
  await expect(openStorage('sqlite:x')).rejects.toThrow(
    'files and databases need Node: use memory: or indexeddb:name here',
  );
});
