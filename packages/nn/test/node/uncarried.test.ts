// What a saved model could not be built from again is refused when it is saved, and nothing is written.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Tensor } from '@espalier/tensor';
import { Linear, Module, Sequential, StateError, type ModuleConfig } from '../../src/index.ts';
import { saveModel } from '../../src/node/index.ts';

class Doubled extends Module {
  readonly type = 'doubled-nowhere';
  readonly #settings: object;

  constructor(settings: object = {}) {
    super();
    this.#settings = settings;
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.#settings };
  }

  override forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}

class Described extends Sequential {
  readonly #extra: unknown;

  constructor(extra: unknown) {
    super([new Linear({ in: 2, out: 2 })]);
    this.#extra = extra;
  }

  override config(): ModuleConfig {
    return { ...super.config(), extra: this.#extra };
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-uncarried-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a type that is not registered is refused by the name of the module', async () => {
  const saving = saveModel(folder, new Sequential([new Linear({ in: 2, out: 2 }), new Doubled()]));
  await expect(saving).rejects.toThrow(StateError);
  await expect(saving).rejects.toThrow(/layers\.1|1 is of the type/);
  await expect(saving).rejects.toThrow(/'doubled-nowhere'.*registerModule/);
  expect(readdirSync(folder)).toEqual([]);
});

test.each<[string, unknown, RegExp]>([
  ['of another type', { type: 'relu' }, /the config of 1 says that it is of the type 'relu'/],
  ['that is none', undefined, /the config of 1 is missing; it must be an object/],
])('a config %s is refused by the name of the module', async (_, config, reason) => {
  class Masked extends Doubled {
    override config(): ModuleConfig {
      return config as ModuleConfig;
    }
  }
  const saving = saveModel(folder, new Sequential([new Linear({ in: 2, out: 2 }), new Masked()]));
  await expect(saving).rejects.toThrow(reason);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['a function', { scale: () => 1 }, 'extra.scale'],
  ['NaN', [1, Number.NaN], 'extra[1]'],
  ['an instance of a class', new Map(), 'extra'],
  ['a large integer', 2n ** 70n, 'extra'],
])('%s in a description is refused with its place', async (_, extra, place) => {
  const saving = saveModel(folder, new Described(extra));
  await expect(saving).rejects.toThrow(StateError);
  await expect(saving).rejects.toThrow(place);
  expect(readdirSync(folder)).toEqual([]);
});

test('a field that is undefined is none', async () => {
  await saveModel(folder, new Described(undefined));
  expect(readdirSync(folder).toSorted()).toEqual(['config.json', 'model.safetensors']);
});
