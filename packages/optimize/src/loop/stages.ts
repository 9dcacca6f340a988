/** Stages of recipes, each kept under what it follows from, so that a chain with a known beginning is not computed again. */
import { deriveSeed, FormatError, monotonicNow, throwIfAborted, type Json, type Module } from '@espalier/nn';
import { loadOptimizedFrom, optimizedFiles } from '../layout/optimized-files.ts';
import { describeSteps } from '../recipe/parse.ts';
import type { PassContext, PassRecord } from '../recipe/pass.ts';
import { passesOf, runStage, type Step } from '../recipe/run.ts';
import { digestFiles, digestOf } from './digest.ts';
import type { LoopStore } from './store.ts';

/** What all stages of a search have in common. */
export interface StageContext extends Omit<PassContext, 'original'> {
  readonly store: LoopStore;
  /** What identifies the data and the loss. */
  readonly of: Json;
}

/** A model that a chain of steps leads to. */
export interface Reached {
  /** What identifies it: the model as given, and the steps, with what they worked on. */
  readonly key: string;
  /** What each pass did, from the first. */
  readonly records: readonly PassRecord[];
  /** How long its stages took when they were computed. */
  readonly seconds: number;
  /** How many of them were known. */
  readonly known: number;
}

/** The version of what stages compute: raised whenever the same recipe gives another model. */
const version = 1;

interface Kept {
  readonly model: Module;
  /** Of all passes from the first. */
  readonly records: readonly PassRecord[];
  readonly seconds: number;
}

/** The model as given. */
interface Root {
  readonly key: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The stages below one model. */
export class Stages {
  readonly #context: StageContext;
  readonly #original: Module;
  readonly #root: Root;

  private constructor(original: Module, root: Root, context: StageContext) {
    this.#original = original;
    this.#root = root;
    this.#context = context;
  }

  /** The stages below a model, which is not changed. */
  static async below(original: Module, context: StageContext): Promise<Stages> {
    const files = await optimizedFiles(original);
    const key = await digestOf([version, await digestFiles(files), context.of, context.seed]);
    return new Stages(original, { key, files }, context);
  }

  /** The identity of the model as given. */
  get root(): string {
    return this.#root.key;
  }

  /**
   * Goes through a chain of steps. Each stage starts from the files of the one before, whether those were there or are new, so that it
   * makes no difference where a search was interrupted.
   */
  async reach(steps: readonly Step[]): Promise<Reached> {
    let key = this.#root.key;
    let known = 0;
    let seconds = 0;
    let records: readonly PassRecord[] = [];
    for (const step of steps) {
      throwIfAborted(this.#context.signal);
      const parent = key;
      key = await digestOf([parent, describeSteps([step]), await this.#modelsOf(step)]);
      let kept = await this.#kept(key);
      if (kept) known++;
      else kept = await this.#run(parent, records, key, step);
      kept.model.dispose();
      records = kept.records;
      seconds += kept.seconds;
    }
    return { key, records, seconds, known };
  }

  /**
   * The model of a key, anew from its files.
   * @throws {FormatError} for what was not reached.
   */
  async load(key: string): Promise<Module> {
    const kept = key === this.#root.key ? await this.#rootModel() : (await this.#kept(key))?.model;
    if (!kept) throw new FormatError(`stages/${key}`, 0, 'is not there');
    return kept;
  }

  /** What each pass of the chain that leads to a key did, from the first. */
  async recorded(key: string): Promise<readonly PassRecord[]> {
    const kept = await this.#kept(key);
    kept?.model.dispose();
    return kept?.records ?? [];
  }

  /** The files of the model of a key, as small as they get. */
  async files(key: string): Promise<ReadonlyMap<string, Uint8Array>> {
    return optimizedFiles(await this.load(key), { entropy: true });
  }

  async #rootModel(): Promise<Module> {
    const [device] = this.#original.parameters().map((parameter) => parameter.device);
    const read = async (name: string): Promise<Uint8Array | undefined> => this.#root.files.get(name);
    return (await loadOptimizedFrom(read, { source: 'the model as given', ...(device && { device }) })).model;
  }

  /** What identifies the models that a step works with beside the one that it changes. */
  async #modelsOf(step: Step): Promise<readonly string[]> {
    const models = passesOf(step).flatMap((pass) => pass.models ?? []);
    const digests: string[] = [];
    for (const model of models) digests.push(await digestFiles(await optimizedFiles(model)));
    return digests;
  }

  /** What a stage came to, if it is there and whole. */
  async #kept(key: string): Promise<Kept | undefined> {
    const [device] = this.#original.parameters().map((parameter) => parameter.device);
    const { store } = this.#context;
    if ((await store.read(`stages/${key}/config.json`)) === undefined) return undefined;
    try {
      const { model, optimization } = await loadOptimizedFrom((name) => store.read(`stages/${key}/${name}`), {
        source: `stages/${key}`,
        ...(device && { device }),
      });
      const { records, seconds } = Object(optimization) as Partial<Pick<Kept, 'records' | 'seconds'>>;
      if (Array.isArray(records) && typeof seconds === 'number') return { model, records, seconds };
      model.dispose();
      return undefined;
    } catch (error) {
      // What is damaged is computed again.
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }

  async #run(parent: string, before: readonly PassRecord[], key: string, step: Step): Promise<Kept> {
    const { store, of: _, seed, ...context } = this.#context;
    const begin = monotonicNow();
    const model = await this.load(parent);
    const made = await runStage(model, passesOf(step), {
      ...context,
      original: this.#original,
      seed: deriveSeed(seed, key),
    });
    const records = JSON.parse(JSON.stringify([...before, ...made.records])) as PassRecord[];
    const seconds = (monotonicNow() - begin) / 1000;
    const optimization = { records, seconds } as unknown as Json;
    for (const [name, bytes] of await optimizedFiles(made.model, { optimization }))
      await store.write(`stages/${key}/${name}`, bytes);
    made.model.dispose();
    const kept = await this.#kept(key);
    if (!kept) throw new FormatError(`stages/${key}`, 0, 'was written and cannot be read back');
    return kept;
  }
}
