import { choice, createStudy, float, int, space, type MetricOf, type Space } from '@espalier/search';
import { describe, expect, expectTypeOf, it } from 'vitest';

type ConfigIn<S> = S extends Space<infer Config> ? Config : never;

const search = space({
  blocks: int(1, 4),
  width: choice([8, 16, 32]),
  init: choice(['kaiming-normal', 'orthogonal']),
  bias: choice([true, null]),
  optimizer: choice({ sgd: { momentum: float(0, 0.99) }, adamw: { beta2: float(0.9, 0.9999) }, none: {} }),
  data: { augment: choice(['none', 'flip']), more: { rate: float(0, 1) } },
  inner: space({ depth: int(1, 2) }),
});

describe('the type of a config', () => {
  it('is inferred from the space', () => {
    type Config = ConfigIn<typeof search>;
    expectTypeOf<Config['blocks']>().toEqualTypeOf<number>();
    expectTypeOf<Config['width']>().toEqualTypeOf<8 | 16 | 32>();
    expectTypeOf<Config['init']>().toEqualTypeOf<'kaiming-normal' | 'orthogonal'>();
    expectTypeOf<Config['bias']>().toEqualTypeOf<true | null>();
    expectTypeOf<Config['data']['augment']>().toEqualTypeOf<'none' | 'flip'>();
    expectTypeOf<Config['data']['more']['rate']>().toEqualTypeOf<number>();
    expectTypeOf<Config['inner']['depth']>().toEqualTypeOf<number>();
    expectTypeOf<Config['optimizer']['type']>().toEqualTypeOf<'sgd' | 'adamw' | 'none'>();
  });

  it('is a union that its type field tells apart', () => {
    const { optimizer } = search.normalize({
      blocks: 1,
      width: 8,
      init: 'orthogonal',
      bias: null,
      optimizer: { type: 'sgd', momentum: 0.5 },
      data: { augment: 'none', more: { rate: 0 } },
      inner: { depth: 1 },
    });
    if (optimizer.type === 'sgd') expectTypeOf(optimizer.momentum).toEqualTypeOf<number>();
    if (optimizer.type === 'adamw') expectTypeOf(optimizer.beta2).toEqualTypeOf<number>();
    expect(optimizer).toEqual({ type: 'sgd', momentum: 0.5 });
  });
});

describe('the type of a result', () => {
  it('asks for the metrics that objectives and constraints name', async () => {
    expectTypeOf<MetricOf<'maximize accuracy' | 'latency <= 2'>>().toEqualTypeOf<'accuracy' | 'latency'>();
    expectTypeOf<MetricOf<string>>().toEqualTypeOf<string>();
    const study = await createStudy({
      name: 'typed',
      space: search,
      objectives: ['maximize accuracy', 'minimize bytes'],
      constraints: ['latency <= 2'],
    });
    const trial = await study.ask();
    expectTypeOf(trial.config.width).toEqualTypeOf<8 | 16 | 32>();
    // @ts-expect-error: the constraint's metric is missing
    await expect(study.tell(trial, { accuracy: 1, bytes: 2 })).rejects.toThrow("the result has no 'latency'");
    const record = await study.tell(trial, { accuracy: 1, bytes: 2, latency: 1, others: 3 });
    expectTypeOf(record.config.blocks).toEqualTypeOf<number>();
    expect(record.state).toBe('complete');
  });
});
