/** How the answers of a teacher come to a step of training. */
import { callContext, type Dataset, type Module } from '@espalier/nn';
import { noGrad, type Tensor, type TensorType } from '@espalier/tensor';
import { digestOfModel } from '../layout/model-digest.ts';
import { CachedAnswers } from './cache/cached-answers.ts';
import type { TeacherCache } from './cache/teacher-cache.ts';
import { outputPlace, Places, typesOf, type Answers, type PlaceTypes } from './places.ts';

/** Who is listened to. */
export interface Heard {
  readonly name: string;
  readonly model: Module;
  readonly weight: number;
}

/** A teacher, and what of it is listened to. */
export class Hearing {
  readonly name: string;
  readonly model: Module;
  readonly weight: number;
  readonly #place: string;
  readonly #index: number;
  readonly #names: ReadonlySet<string>;
  readonly #places: Places;
  /** What was loaded with the batch of the step that is being recorded. */
  #loaded: Answers | undefined;

  /** Listens to the output of a teacher, one of several, and to the given places. */
  constructor(place: string, index: number, { name, model, weight }: Heard, names: Iterable<string>) {
    this.name = name;
    this.model = model;
    this.weight = weight;
    this.#place = place;
    this.#index = index;
    this.#names = new Set([outputPlace, ...names]);
    this.#places = new Places(place, this.#names);
  }

  /**
   * What each place gives for two examples.
   * @throws {RecipeError} for a place that no example comes to.
   */
  typesFor(x: TensorType): PlaceTypes {
    return typesOf(this.#place, 'teacher', this.model, this.#names, x);
  }

  /** The answers to a batch: those that were loaded with it, else what the teacher says now. No gradient flows to it. */
  answersTo(x: Tensor): Answers {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    return loaded ?? this.#ask(x);
  }

  #ask(x: Tensor): Answers {
    noGrad(() => this.model.call(x, callContext({ taps: this.#places.taps })));
    return this.#places.take() as Answers;
  }

  /** The same examples with the answers to them, from a cache. */
  async with(data: Dataset, cache: TeacherCache): Promise<Dataset> {
    const { x, y } = await data.batch([0]);
    const { device } = x;
    const types = new Map(
      [...this.typesFor({ shape: x.shape, dtype: x.dtype, device })].map(
        ([at, { shape, dtype }]) => [at, { dtype, shape: shape.slice(1) }] as const,
      ),
    );
    for (const tensor of [x, y]) tensor.dispose();
    const answers = await CachedAnswers.of(
      {
        cache,
        place: this.#place,
        name: this.name,
        digest: await digestOfModel(this.model),
        types,
        answer: (input) => this.#ask(input),
        device,
      },
      data,
    );
    const mine = `teacher ${this.#index} at `;
    return {
      ...data,
      load: async (indices) => {
        const own = [...(await answers.load(indices))].map(([at, tensor]) => [mine + at, tensor] as const);
        return { ...(await data.load(indices)), ...Object.fromEntries(own) };
      },
      prepare: (loaded) => {
        this.#loaded = new Map([...types.keys()].map((at) => [at, loaded[mine + at] as Tensor]));
        return data.prepare(Object.fromEntries(Object.entries(loaded).filter(([name]) => !name.startsWith(mine))));
      },
    };
  }
}
