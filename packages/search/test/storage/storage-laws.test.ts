import { memoryStorage, type Storage } from '@espalier/search';
import { storageLaws } from '@espalier/testing/search';
import { describe, expect, it } from 'vitest';

describe('memory', () => {
  const laws = storageLaws({ create: async () => memoryStorage() });
  it.each(laws.map(({ name, check }) => [name, check] as const))('%s', (_, check) => check());
});

describe('the laws', () => {
  const failing = async (change: (storage: Storage) => Partial<Storage>): Promise<readonly string[]> => {
    const create = async (): Promise<Storage> => {
      const storage = memoryStorage();
      return { ...storage, ...change(storage) };
    };
    const failed: string[] = [];
    for (const { name, check } of storageLaws({ create })) await check().catch(() => failed.push(name));
    return failed;
  };

  it('hold of a storage that is right', async () => {
    expect(await failing(() => ({}))).toEqual([]);
  });

  it.each<[string, string, (storage: Storage) => Partial<Storage>]>([
    [
      'gives a number twice',
      'claims at once get distinct numbers without gaps',
      () => ({ claim: async () => ({ number: 0, attempt: 1 }) }),
    ],
    [
      'overwrites studies',
      'a second study of one name is refused',
      (storage) => ({ createStudy: (record) => storage.createStudy(record).catch(() => undefined) }),
    ],
    [
      'writes half a batch',
      'a write under a claim that is not in force is refused whole',
      (storage) => ({
        append: async (study, events) => {
          for (const event of events) await storage.append(study, [event]);
        },
      }),
    ],
    [
      'reads from the start',
      'revisions count from 1 without gaps, and a read continues any other',
      (storage) => ({ read: (study) => storage.read(study, 0) }),
    ],
  ])('find one that %s', async (_, law, change) => {
    expect(await failing(change)).toContain(law);
  });
});
