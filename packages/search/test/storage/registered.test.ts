// Storages by the scheme of their URL, from outside.
import {
  createStudy,
  float,
  maxTrials,
  memoryStorage,
  openStorage,
  openStudy,
  registerStorage,
  space,
  StorageError,
  storageForms,
  storageSchemes,
  type Storage,
  type StorageType,
} from '@espalier/search';
import { storageLaws } from '@espalier/testing/search';
import { describe, expect, it } from 'vitest';

/** Storages in memory that outlive who opens them. */
const kept = new Map<string, Storage>();
const shelf: StorageType = {
  scheme: 'test-shelf',
  form: 'test-shelf:place',
  open: async (url) => {
    const storage = kept.get(url) ?? { ...memoryStorage(), url, close: async () => undefined };
    kept.set(url, storage);
    return storage;
  },
};
registerStorage(shelf);

let places = 0;

describe('a storage from outside', () => {
  const laws = storageLaws({ create: () => openStorage(`test-shelf:laws ${++places}`) });
  it.each(laws.map(({ name, check }) => [name, check] as const))('%s', (_, check) => check());

  it('holds studies by its URL', async () => {
    const storage = 'test-shelf:studies';
    const domain = space({ x: float(-1, 1) });
    const study = await createStudy({ name: 's', storage, space: domain, objectives: ['minimize loss'] });
    await study.run(({ config: { x } }) => x ** 2, { stop: [maxTrials(3)] });
    await study.close();
    const again = await openStudy({ storage });
    expect(again.trials).toHaveLength(3);
    await again.close();
  });

  it('is listed, and may be registered again, but no other of its scheme', () => {
    expect(storageSchemes().slice(0, 3)).toEqual(['memory', 'indexeddb', 'test-shelf']);
    expect(storageForms()).toContain('test-shelf:place');
    registerStorage(shelf);
    for (const scheme of ['test-shelf', 'memory'])
      expect(() => registerStorage({ ...shelf, scheme })).toThrow(`there is another storage of the scheme '${scheme}'`);
  });

  it.each([null, {}])('whose kind opens nothing but %j is refused by the name of the kind', async (given) => {
    const scheme = given === null ? 'test-null' : 'test-empty';
    registerStorage({ scheme, open: async () => given as unknown as Storage });
    const opening = openStorage(`${scheme}:x`);
    await expect(opening).rejects.toThrow(StorageError);
    await expect(opening).rejects.toThrow(`the open of its kind '${scheme}:' gave no storage`);
  });

  it('is held to what its kind says of whether it is shared', async () => {
    const closed: string[] = [];
    const open = async (url: string): Promise<Storage> => {
      const storage = memoryStorage();
      return { ...storage, url, shared: true, close: async () => void closed.push(url) };
    };
    registerStorage({ scheme: 'test-shared', open, shared: true });
    registerStorage({ scheme: 'test-own', open, shared: false });
    expect((await openStorage('test-shared:x')).shared).toBe(true);
    await expect(openStorage('test-own:x')).rejects.toThrow(
      "its kind 'test-own:' says that it is not shared, and it is: give both the same",
    );
    expect(closed).toEqual(['test-own:x']);
  });

  it('is among those that an unknown scheme is told of', async () => {
    await expect(openStorage('test-shelv:x')).rejects.toThrow(
      /its kind 'test-shelv:' is unknown: use one of memory:, indexeddb:name, test-shelf:place/u,
    );
    await expect(openStorage('memory:x')).rejects.toThrow('a storage in memory has no name');
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'scheme is undefined: give a text'],
    ['a scheme in capitals', { ...shelf, scheme: 'Shelf' }, "scheme is 'Shelf': give a text of lower-case letters"],
    ['a scheme with its colon', { ...shelf, scheme: 'shelf:' }, "scheme is 'shelf:'"],
    ['a word for whether it is shared', { ...shelf, shared: 'yes' }, "shared is 'yes': give true or false"],
    ['no way to open it', { scheme: 'shelf' }, 'open is undefined: give a function of a URL'],
    ['a form that is none', { ...shelf, form: 7 }, 'form is 7: give a text'],
    ['a renewal that is none', { ...shelf, keepAlive: true }, 'keepAlive is true: give a function'],
  ])('is refused with %s', (_, type, message) => {
    const register = (): void => registerStorage(type as StorageType);
    expect(register).toThrow(StorageError);
    expect(register).toThrow(message);
  });
});
