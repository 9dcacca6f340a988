/** What a student is told in training: by several teachers, by places inside, by itself. */
import {
  below,
  build,
  callContext,
  crossEntropy,
  fit,
  mse,
  SGD,
  tensorDataset,
  Module,
  type CallContext,
  type Dataset,
  type ModuleConfig,
} from '@espalier/nn';
import { compile, configure, gradients, noGrad, randint, Generator, tensor, type Tensor } from '@espalier/tensor';
import { afterEach, describe, expect, test } from 'vitest';
import { checkLesson, type LessonOptions } from '../../src/distill/options.ts';
import { attentionTransfer } from '../../src/distill/match/attention.ts';
import { Lesson } from '../../src/distill/lesson.ts';
import { Accompanied } from '../../src/recipe/companions.ts';
import {
  distill,
  distillationLoss,
  prune,
  quantize,
  registerNumberFormat,
  runRecipe,
  together,
} from '../../src/index.ts';
import { accuracyOf, perceptron, test as unseen, train, trained, validate } from '../helpers/blobs.ts';
import { at } from '../helpers/at.ts';

const ternary = { name: 'test-ternary', bits: 2, minimum: -1, maximum: 1 };
const task = { name: 'cross-entropy', of: crossEntropy };
const quick = { epochs: 2, batchSize: 64 };

async function lessonOf(learner: Module, teachers: readonly Module[], options: LessonOptions): Promise<Lesson> {
  const site = { place: 'distill', learner, teachers, data: { train }, seed: 1 };
  return Lesson.of(site, checkLesson('distill', options));
}

async function firstBatch(size = 32): Promise<{ x: Tensor; y: Tensor }> {
  return train.batch(Array.from({ length: size }, (_, index) => index));
}

/** The loss of a batch, by a step that is recorded, and its gradients by all parameters. */
function stepOf(lesson: Lesson, learner: Module): { model: Module; step: (x: Tensor, y: Tensor) => Tensor[] } {
  const model = new Accompanied(learner, lesson.companions, lesson.taps);
  const loss = lesson.loss(task);
  const parameters = model.parameters().map(({ tensor: each }) => each);
  const step = compile((x: Tensor, y: Tensor) => {
    const value = loss(model.call(x), y, { x });
    return [value, ...gradients(value, parameters)];
  });
  return { model, step };
}

const layersOf = (model: Module): readonly Module[] => [...model.children().values()];
const through = (model: Module, x: Tensor, from: number, to: number): Tensor =>
  layersOf(model)
    .slice(from, to)
    .reduce((value, layer) => layer.call(value), x);

const notices: string[] = [];
afterEach(() => {
  notices.length = 0;
  configure({ warn: console.warn });
});

describe('a match', () => {
  test('sees in a recorded step, at each replay, what the models give by hand', async () => {
    const teacher = await trained();
    const student = build(perceptron(32), { seed: 3 });
    const mix = { alpha: 0.5, temperature: 2 };
    const lesson = await lessonOf(student, [teacher], {
      teacher,
      ...mix,
      matches: [{ teacher: '1', student: '1', weight: 3 }],
    });
    const { step } = stepOf(lesson, student);
    for (const scale of [1, 0.5, 2]) {
      for (const { tensor: each } of student.parameters()) each.assign(each.mul(scale));
      const { x, y } = await firstBatch();
      const [found] = step(x, y);
      const wanted = noGrad(() => {
        const [own, others] = [through(student, x, 0, 2), through(teacher, x, 0, 2)];
        const soft = distillationLoss(through(student, own, 2, 3), through(teacher, others, 2, 3), y, mix);
        return soft.add(mse(own, others).mul(3));
      });
      expect(found?.itemSync()).toBeCloseTo(await wanted.item(), 5);
    }
  });

  test('of another width has a projection that is trained with the student, and is gone afterwards', async () => {
    const teacher = await trained();
    const student = build(perceptron(8), { seed: 3 });
    const lesson = await lessonOf(student, [teacher], { teacher, matches: [{ teacher: '1', student: '1' }] });
    expect([...lesson.companions.keys()]).toEqual(['projection0']);
    const { model, step } = stepOf(lesson, student);
    const { x, y } = await firstBatch();
    const [, ...found] = step(x, y);
    const names = [...model.namedParameters().keys()];
    for (const [index, name] of names.entries())
      expect([name, found[index]?.abs().sum().itemSync() === 0]).toEqual([name, false]);
    const steps = [
      distill({ teacher, student: perceptron(8), matches: [{ teacher: '1', student: '1' }], train: quick }),
    ];
    const { model: made, records } = await runRecipe(
      teacher,
      [distill({ student: perceptron(8), matches: [{ teacher: '1', student: '1' }], train: quick })],
      { data: { train } },
    );
    expect([...made.namedParameters().keys()]).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
    expect(records[0]?.summary).toBe(
      'learn from a teacher of 676 parameters with 172, T = 4, α = 0.9, mse of "1" to "1" for 2 epochs',
    );
    expect(steps[0]?.config['matches']).toEqual([{ teacher: '1', student: '1' }]);
  });

  test.each(['attention', 'relation', 'relation-distance', 'relation-angle', 'cosine', 'l1', 'mse'])(
    'by %s brings the student closer to what it matches',
    async (loss) => {
      const images = {
        type: 'sequential',
        layers: [
          { type: 'conv2d', in: 1, out: 4, kernel: 3 },
          { type: 'relu' },
          { type: 'flatten' },
          { type: 'linear', in: 16, out: 4 },
        ],
      };
      const shaped: Dataset = {
        ...train,
        prepare: (loaded) => {
          const { x, y } = train.prepare(loaded);
          return { x: x.reshape(-1, 1, 4, 4), y };
        },
        batch: async (rows) => {
          const { x, y } = await train.batch(rows);
          return { x: x.reshape(-1, 1, 4, 4), y };
        },
      };
      const [teacher, student] = [build(images, { seed: 1 }), build(images, { seed: 2 })];
      const options: LessonOptions = {
        teacher,
        alpha: 0,
        matches: [{ teacher: '1', student: '1', loss, weight: 100 }],
      };
      const site = { place: 'distill', learner: student, teachers: [teacher], data: { train: shaped }, seed: 1 };
      const lesson = await Lesson.of(site, checkLesson('distill', options));
      const model = new Accompanied(student, lesson.companions, lesson.taps);
      const losses: number[] = [];
      const only = (output: Tensor, y: Tensor, context: { x: Tensor }): Tensor =>
        lesson.loss({ name: null, of: () => tensor(0) })(output, y, context);
      await fit(model, shaped, {
        loss: only,
        optimizer: new SGD({ lr: loss === 'mse' || loss === 'l1' ? 0.002 : 0.01 }),
        epochs: 4,
        batchSize: 32,
        onEvent: (event) => void (event.type === 'epoch' && losses.push(event.loss)),
      });
      expect(losses.at(-1)).toBeLessThan(at(losses, 0) * 0.95);
    },
  );

  test.each<[string, LessonOptions['matches'], RegExp]>([
    [
      'a place that is not there',
      [{ teacher: '7', student: '1' }],
      /no example comes to "7" of the teacher; there are the teacher itself \(''\), 0, 1, 2/u,
    ],
    ['a place of the student', [{ teacher: '1', student: 'x' }], /no example comes to "x" of the student/u],
    [
      'widths that are not to be projected',
      [{ teacher: '1', student: '1', project: false }],
      /distill\.matches\[0\]: "1" of the student gives \[2, 8\] for two examples, "1" of the teacher \[2, 32\], which mse does not take/u,
    ],
    ['attention without places', [{ teacher: '1', student: '1', loss: 'attention' }], /has no places to attend to/u],
  ])('of %s is refused before anything is trained', async (_, matches, message) => {
    const steps = [distill({ student: perceptron(8), matches: matches ?? [], train: quick })];
    await expect(runRecipe(await trained(), steps, { data: { train } })).rejects.toThrow(message);
  });

  test('of a module that is called twice is refused: neither of what it gives is meant', async () => {
    class Twice extends Module {
      readonly type = 'test-twice';
      readonly inner = this.addModule('inner', build({ type: 'linear', in: 4, out: 4 }, { seed: 1 }));
      forward(x: Tensor, context?: CallContext): Tensor {
        const once = this.inner.call(x, below(context, 'inner'));
        return this.inner.call(once, below(context, 'inner'));
      }
      config(): ModuleConfig {
        return { type: this.type };
      }
    }
    const [own, teacher] = [new Twice(), build({ type: 'linear', in: 4, out: 4 }, { seed: 2 })];
    const x = tensor([[1, 2, 3, 4]]);
    const site = {
      place: 'distill',
      learner: own,
      teachers: [teacher],
      data: { train: tensorDataset(x, tensor([0], { dtype: 'i32' })) },
      seed: 1,
    };
    const options = checkLesson('distill', { teacher, matches: [{ teacher: '', student: 'inner' }] });
    await expect(Lesson.of(site, options)).rejects.toThrow(
      /"inner" is called twice by one example; match the modules/u,
    );
  });

  test('teaches a task whose loss is a function of the caller, beside it', async () => {
    const teacher = await trained();
    const loss = (output: Tensor, target: Tensor): Tensor => crossEntropy(output, target, { labelSmoothing: 0.1 });
    const pass = distill({
      student: perceptron(16),
      alpha: 0,
      matches: [{ teacher: '1', student: '1', weight: 0.1 }],
      train: { epochs: 12, batchSize: 64, optimizer: { type: 'adam', lr: 0.01 } },
    });
    const { model } = await runRecipe(teacher, [pass], { data: { train }, loss });
    expect(await accuracyOf(model)).toBeGreaterThan(0.8);
  });
});

describe('attention of sequences', () => {
  const gpt = (width: number, heads: number) => ({
    type: 'sequential',
    layers: [
      { type: 'embedding', count: 7, size: width },
      { type: 'self-attention', width, heads, causal: true },
      { type: 'linear', in: width, out: 7 },
    ],
  });
  const tokens = randint(0, 7, [16, 6], { generator: new Generator(3) });
  const data = { train: tensorDataset(tokens, tokens) };

  test('who looks at whom is a place, and is matched whatever the numbers of heads', async () => {
    const [teacher, student] = [build(gpt(8, 4), { seed: 1 }), build(gpt(4, 2), { seed: 2 })];
    const shown = '1.probabilities';
    const options: LessonOptions = {
      teacher,
      alpha: 1,
      matches: [{ teacher: shown, student: shown, loss: 'attention' }],
    };
    const site = { place: 'distill', learner: student, teachers: [teacher], data, seed: 1 };
    const lesson = await Lesson.of(site, checkLesson('distill', options));
    expect(lesson.companions.size).toBe(0);
    const { x, y } = await data.train.batch([0, 1, 2, 3]);
    const shares = (model: Module): Tensor => {
      let seen: Tensor | undefined;
      const taps = [{ at: shown, output: (value: Tensor) => void (seen = value) }];
      noGrad(() => model.call(x, callContext({ taps })));
      return seen as Tensor;
    };
    expect(shares(teacher).shape).toEqual([4, 4, 6, 6]);
    const wanted = distillationLoss(student.call(x), teacher.call(x), y, { alpha: 1 }).add(
      attentionTransfer(shares(student), shares(teacher)),
    );
    const [found] = stepOf(lesson, student).step(x, y);
    expect(found?.itemSync()).toBeCloseTo(wanted.itemSync(), 5);
  });

  test('a language model comes closer to what its teacher says of each next token', async () => {
    const teacher = build(gpt(8, 2), { seed: 1 });
    const pass = distill({
      student: gpt(8, 4),
      alpha: 1,
      temperature: 1,
      ignoreIndex: 0,
      train: { epochs: 30, batchSize: 8, optimizer: { type: 'adam', lr: 0.02 } },
    });
    const { model } = await runRecipe(teacher, [pass], { data, loss: 'cross-entropy' });
    const apart = (student: Module): number =>
      distillationLoss(student.call(tokens), teacher.call(tokens), tokens, { alpha: 1, temperature: 1 }).itemSync();
    expect(apart(model)).toBeLessThan(0.3 * apart(build(gpt(8, 4), { seed: 5 })));
  });
});

test('the model itself, batch norms and all, teaches what another of the same weights does', async () => {
  const layers = [
    { type: 'linear', in: 16, out: 8 },
    { type: 'batch-norm', features: 8 },
    { type: 'relu' },
    { type: 'linear', in: 8, out: 4 },
  ];
  const made = (): Module => build({ type: 'sequential', layers }, { seed: 1 });
  const values = async (teacher: Module | 'original'): Promise<unknown[]> => {
    const steps = [distill({ teacher, train: quick })];
    const { model } = await runRecipe(made(), steps, { data: { train }, loss: 'cross-entropy' });
    return [...model.state().values()].map((each) => each.arraySync());
  };
  expect(await values('original')).toEqual(await values(made()));
});

test.each(['f16', 'f64'] as const)('a new student is of %s as the model is', async (dtype) => {
  const model = build(perceptron(8), { seed: 1, dtype });
  const { x, y } = await train.batch(Array.from({ length: 32 }, (_, index) => index));
  const data = { train: tensorDataset(x.cast(dtype).realizeSync(), y) };
  for (const student of ['again', perceptron(4)] as const) {
    const steps = [distill({ student, train: { epochs: 1 } })];
    const { model: taught } = await runRecipe(model, steps, { data, loss: 'cross-entropy' });
    expect(new Set(taught.parameters().map((each) => each.dtype))).toEqual(new Set([dtype]));
  }
});

describe('several teachers', () => {
  test('count by their weights, by losses of their own or as one whose logits are the mean', async () => {
    const teachers = [1, 2].map((seed) => build(perceptron(16), { seed }));
    const student = build(perceptron(8), { seed: 3 });
    const { x, y } = await firstBatch();
    const [one, two] = teachers.map((each) => noGrad(() => each.call(x))) as [Tensor, Tensor];
    const named = teachers.map((teacher, index) => ({ teacher, weight: [3, 1][index] as number }));
    const value = async (options: object): Promise<number> => {
      const lesson = await lessonOf(student, teachers, { teacher: named, temperature: 3, alpha: 0.6, ...options });
      return at(stepOf(lesson, student).step(x, y), 0).itemSync();
    };
    const said = noGrad(() => student.call(x));
    const alone = (teacher: Tensor): number =>
      distillationLoss(said, teacher, y, { temperature: 3, alpha: 0.6 }).itemSync();
    expect(await value({})).toBeCloseTo(0.75 * alone(one) + 0.25 * alone(two), 5);
    expect(await value({ chorus: 'logits' })).toBeCloseTo(alone(one.mul(0.75).add(two.mul(0.25))), 5);
    expect(await value({ matches: [{ of: 1, teacher: '', student: '' }] })).toBeCloseTo(
      0.75 * alone(one) + 0.25 * alone(two) + mse(said, two).itemSync(),
      5,
    );
  });
});

describe('a student that is its own teacher', () => {
  test('learns at exits what its end says, of which no gradient comes back', async () => {
    const student = build(perceptron(8), { seed: 3 });
    const lesson = await lessonOf(student, [], {
      teacher: 'self',
      alpha: 0.5,
      temperature: 2,
      exits: [{ at: '1', weight: 0.3 }],
    });
    const { model, step } = stepOf(lesson, student);
    const { x, y } = await firstBatch();
    const [found, ...own] = step(x, y);
    const head = model.children().get('exit0') as Module;
    const inside = through(student, x, 0, 2);
    const end = through(student, inside, 2, 3);
    const value = crossEntropy(end, y).add(
      distillationLoss(head.call(inside), end, y, { alpha: 0.5, temperature: 2 }).mul(0.3),
    );
    expect(found?.itemSync()).toBeCloseTo(value.itemSync(), 5);
    const last = [...model.namedParameters().keys()].indexOf('model.2.weight');
    const weight = layersOf(student)[2]?.parameters()[0]?.tensor as Tensor;
    const [plain] = gradients(crossEntropy(through(student, x, 0, 3), y), [weight]);
    expect(own[last]?.sub(plain).abs().max().itemSync()).toBeLessThan(1e-6);
  });

  test('trains by a recipe, and without its exits afterwards', async () => {
    const steps = [
      distill({
        teacher: 'self',
        student: 'again',
        exits: [{ at: '1' }],
        train: { epochs: 12, batchSize: 64, optimizer: { type: 'adam', lr: 0.01 } },
      }),
    ];
    const { model, records } = await runRecipe(await trained(), steps, { data: { train } });
    expect(await accuracyOf(model)).toBeGreaterThan(0.8);
    expect(model.config()).toEqual(build(perceptron(32)).config());
    expect(records[0]?.summary).toBe(
      'learn from its own end with 676 parameters, T = 4, α = 0.9, an exit at "1" for 12 epochs',
    );
  });
});

describe('courses', () => {
  test('temperature, α and weights have at each step the value that their schedule says', async () => {
    const teacher = await trained();
    const student = build(perceptron(32), { seed: 3 });
    const temperature = { from: 8, to: 2 };
    const alpha = { from: 1, to: 0.25, shape: 'cosine' } as const;
    const weight = { from: 0, to: 2, begin: 0.5 };
    const lesson = await lessonOf(student, [teacher], {
      teacher,
      temperature,
      alpha,
      matches: [{ teacher: '1', student: '1', weight }],
    });
    const { step } = stepOf(lesson, student);
    const { x, y } = await firstBatch();
    const [own, others] = [through(student, x, 0, 2), through(teacher, x, 0, 2)];
    const hints = mse(own, others).itemSync();
    for (const [index, [t, a, w]] of [
      [8, 1, 0],
      [5, 0.625, 0],
      [2, 0.25, 2],
    ].entries()) {
      lesson.beforeStep(index, 3);
      const soft = distillationLoss(through(student, own, 2, 3), through(teacher, others, 2, 3), y, {
        temperature: t as number,
        alpha: a as number,
      });
      expect(at(step(x, y), 0).itemSync()).toBeCloseTo(soft.itemSync() + (w as number) * hints, 4);
    }
  });
});

describe('a teacher that is no better than its student', () => {
  const weak = build(perceptron(32), { seed: 9 });
  const data = { train, validate };

  test('is not listened to, with a notice of both figures, and the student learns as without it', async () => {
    configure({ warn: (notice) => void notices.push(notice) });
    const model = await trained();
    const { model: made, records } = await runRecipe(model, [distill({ teacher: weak, train: quick })], {
      data,
      seed: 1,
    });
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(
      /distill: the teacher 'given' is no better than its student on the 400 examples of data\.validate: the teacher has \d+\.\d+ % of right answers at a loss of [\d.]+, the student \d+\.\d+ % of right answers at a loss of [\d.]+; it is not listened to, and the student learns from the labels alone/u,
    );
    expect(records[0]?.summary).toContain('from the labels alone, since no teacher is better');
    expect(records[0]?.details).toMatchObject({ teachers: [{ name: 'given', isHeard: false }] });
    const bytesOf = (of: Module): Promise<Uint8Array[]> =>
      Promise.all([...of.state().values()].map((each) => each.bytes()));
    const plain = await runRecipe(model, [distill({ teacher: weak, alpha: 0, weakTeacher: 'use', train: quick })], {
      data,
      seed: 1,
    });
    expect(await bytesOf(made)).toEqual(await bytesOf(plain.model));
  });

  test('is refused where that is asked for, and used where that is', async () => {
    configure({ warn: (notice) => void notices.push(notice) });
    const run = async (weakTeacher: 'refuse' | 'use'): Promise<unknown> =>
      runRecipe(await trained(), [distill({ teacher: weak, weakTeacher, train: { ...quick, epochs: 1 } })], { data });
    await expect(run('refuse')).rejects.toThrow(/the teacher 'given' is no better .*; give a better teacher, or none/u);
    await run('use');
    expect(notices).toEqual([]);
  });

  test('is left out beside a better one, which then counts alone', async () => {
    configure({ warn: (notice) => void notices.push(notice) });
    const good = await trained();
    const teachers = [
      { teacher: build(perceptron(32), { seed: 8 }), name: 'weak', weight: 5 },
      { teacher: good, name: 'good' },
    ];
    const half = (await runRecipe(good, [prune({ sparsity: 0.9 })])).model;
    const run = async (teacher: LessonOptions['teacher']): Promise<Uint8Array[]> => {
      const { model } = await runRecipe(half, [distill({ ...(teacher && { teacher }), train: quick })], {
        data,
        seed: 1,
      });
      return Promise.all([...model.state().values()].map((each) => each.bytes()));
    };
    expect(await run(teachers)).toEqual(await run(good));
    expect(notices.join()).toContain("the teacher 'weak' is no better than its student");
  });

  test('is told from one that still is what its student was', async () => {
    configure({ warn: (notice) => void notices.push(notice) });
    await runRecipe(await trained(), [together(prune({ sparsity: 0.8, schedule: 'cubic', train: quick }), distill())], {
      data,
    });
    expect(notices).toEqual([]);
  });
});

test.each(['fixed', 'learned'] as const)(
  'quantization with %s steps and distillation, in one training: more of the teacher is left than by rounding alone',
  async (steps) => {
    registerNumberFormat(ternary);
    const teacher = await trained();
    const agreement = async (model: Module): Promise<number> => {
      const { x } = await unseen.batch(Array.from({ length: 400 }, (_, index) => index));
      const [own, wanted] = noGrad(() => [model.call(x).softmax(), teacher.call(x).softmax()] as const);
      return own.sub(wanted).abs().mean().itemSync();
    };
    const { model: rounded } = await runRecipe(teacher, [quantize({ weights: ternary.name })]);
    const { model: aware, records } = await runRecipe(
      teacher,
      [
        together(
          quantize({ weights: ternary.name, steps }),
          distill({
            alpha: 1,
            temperature: 2,
            matches: [{ teacher: '1', student: '1', weight: 0.1 }],
            train: { epochs: 24, batchSize: 64, optimizer: { type: 'adam', lr: 0.003 } },
          }),
        ),
      ],
      { data: { train } },
    );
    expect(records.map(({ config }) => config.type)).toEqual(['quantize', 'distill']);
    expect([...aware.namedParameters().keys()]).toEqual([...teacher.namedParameters().keys()]);
    expect(await agreement(aware)).toBeLessThan(0.7 * (await agreement(rounded)));
  },
);

test('a training is resumed to the same bytes, projections and courses included', async () => {
  const teacher = await trained();
  const run = async (resume?: Uint8Array): Promise<{ checkpoints: Uint8Array[]; bytes: Uint8Array[] }> => {
    const student = build(perceptron(8), { seed: 3 });
    const options: LessonOptions = {
      teacher,
      temperature: { from: 6, to: 2 },
      matches: [{ teacher: '1', student: '1' }],
      exits: [{ at: '1' }],
    };
    const lesson = await lessonOf(student, [teacher], options);
    const checkpoints: Uint8Array[] = [];
    await fit(new Accompanied(student, lesson.companions, lesson.taps), train, {
      loss: lesson.loss(task),
      optimizer: new SGD({ lr: 0.05, momentum: 0.9 }),
      epochs: 3,
      batchSize: 64,
      seed: 4,
      beforeStep: ({ step, totalSteps }) => lesson.beforeStep(step, totalSteps),
      checkpoint: { everySteps: 5, save: (bytes) => void checkpoints.push(bytes) },
      ...(resume && { resume }),
    });
    return { checkpoints, bytes: await Promise.all([...student.state().values()].map((each) => each.bytes())) };
  };
  const { checkpoints, bytes } = await run();
  for (const checkpoint of [checkpoints[0], checkpoints[2]]) expect((await run(checkpoint)).bytes).toEqual(bytes);
});
