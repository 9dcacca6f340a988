// Threads take part, fail with words, and are gone when nobody needs them.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { i32, op } from '../../../src/devices/cpu/assembler/expression.ts';
import { cpuDeviceWith } from '../../../src/devices/cpu/cpu-device.ts';
import { Engine } from '../../../src/devices/cpu/engine.ts';
import { DeviceMemory } from '../../../src/devices/cpu/memory/device-memory.ts';
import { slots, type Program } from '../../../src/devices/cpu/program/program.ts';
import { standIn } from '../../../src/devices/cpu/program/recorder.ts';
import { Runner, type LinkedProgram } from '../../../src/devices/cpu/program/runner.ts';
import { compile as compileSpec } from '../../../src/devices/cpu/programs.ts';
import { chunkOf, workOf } from '../../../src/devices/cpu/threads/cut.ts';
import { Pool } from '../../../src/devices/cpu/threads/pool.ts';
import { copySpec } from '../../../src/kernel/copy-spec.ts';
import type { MatmulSpec } from '../../../src/kernel/spec.ts';
import { createCpuDevice, randn } from '../../../src/index.ts';

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A pool of its own, with a program that counts units in memory, slowly; all others may fail, or take 300 times as long. */
class Bench {
  readonly memory = new DeviceMemory(64 * 2 ** 20);
  readonly engine = new Engine(this.memory);
  readonly runner = new Runner(this.memory.views);
  readonly pool = new Pool(this.memory, this.runner, 3);
  readonly counts: number;
  readonly own: number;
  readonly units: number;

  constructor(units: number) {
    this.units = units;
    this.counts = this.memory.allocate(units * 4, 'test');
    this.own = this.memory.allocate(64, 'test');
    this.runner.setWorkspace(this.own, 64);
    this.runner.bind(0, this.counts);
  }

  program(others: 'fine' | 'failing' | 'late'): LinkedProgram {
    const { module } = this.engine.module();
    const f = module.function('count', ['i32', 'i32', 'i32', 'i32'], 'none', true);
    const [begin, end, workspace, counts] = f.arguments;
    const isOther = f.let(op('i32.ne', workspace, i32(this.own)));
    if (others === 'failing') f.if(isOther, () => f.store('i32.store', i32(-4), i32(0)));
    const at = f.let(op('i32.add', counts, op('i32.mul', begin, i32(4))));
    const sum = f.let(i32(0));
    f.repeat(op('i32.sub', end, begin), () => {
      if (others === 'late') f.if(isOther, () => f.repeat(90_000_000, () => f.increase(sum, 3)));
      f.set(sum, i32(0));
      f.repeat(300_000, () => f.increase(sum, 3));
      f.store('i32.store', at, sum);
      f.increase(at, 4);
    });
    const { count } = this.engine.instantiate(module) as { readonly count: (...values: number[]) => void };
    const program: Program = this.engine.record(() => {
      this.engine.reserve(64, 'test');
      return () =>
        this.engine.serve(0, this.units, () =>
          count(standIn(slots.begin), standIn(slots.end), standIn(slots.workspace), this.engine.address(0)),
        );
    });
    return this.runner.link(program);
  }

  /** Starts the threads, and waits until all are up. */
  async start(program: LinkedProgram): Promise<void> {
    this.pool.run(program, this.units, 1);
    while (this.pool.ready < 2) await sleep(5);
  }
}

describe('a pool', () => {
  test('has every unit run once, by several threads', async () => {
    const bench = new Bench(64);
    const program = bench.program('fine');
    await bench.start(program);
    const { words } = bench.memory.views;
    for (let turn = 0; turn < 20; turn++) {
      words.fill(0, bench.counts >>> 2, (bench.counts >>> 2) + 64);
      bench.pool.run(program, 1, 1);
      // The sum goes on from unit to unit of a chunk: whoever had another chunk began at 0 again.
      expect([...words.subarray(bench.counts >>> 2, (bench.counts >>> 2) + 64)]).toEqual(Array(64).fill(900_000));
    }
    bench.pool.end();
  });

  test('tells of a thread that failed, and has others take its place', async () => {
    const bench = new Bench(64);
    const fine = bench.program('fine');
    await bench.start(fine);
    const failing = bench.program('failing');
    const failed = (): void => {
      for (let turn = 0; turn < 100; turn++) bench.pool.run(failing, 1, 1);
    };
    expect(failed).toThrow(
      /^test: a thread of the cpu device failed: RuntimeError: .*; others take its place: try again$/u,
    );
    await bench.start(fine);
    bench.pool.run(fine, 1, 1);
    expect(bench.memory.views.words[bench.counts >>> 2]).toBe(900_000);
    bench.pool.end();
  });

  test('waits for threads by turns, and not by the clock, which goes on while a machine sleeps', async () => {
    const bench = new Bench(3);
    await bench.start(bench.program('fine'));
    const late = bench.program('late');
    let hours = 0;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => ++hours * 3_600_000);
    const waits = vi.spyOn(Atomics, 'wait');
    for (let turn = 0; turn < 20 && waits.mock.calls.length === 0; turn++) bench.pool.run(late, 1, 1);
    expect(waits).toHaveBeenCalled();
    expect(bench.pool.ready).toBe(2);
    for (const each of [clock, waits]) each.mockRestore();
    bench.pool.end();
  });

  test('does with one thread where there is no room for what the others need', () => {
    const device = cpuDeviceWith({ name: 'cpu:tight', threads: 3, maximumBytes: 2 ** 20 }, 0);
    expect(
      randn([100, 100], { device })
        .matmul(randn([100, 100], { device }))
        .sum()
        .arraySync(),
    ).toBeTypeOf('number');
    device.dispose();
  });

  test('has others take the place of a thread that is gone without an error', async () => {
    const workers: Worker[] = [];
    class Watched extends Worker {
      constructor(source: string, options: WorkerOptions) {
        super(source, options);
        workers.push(this);
      }
    }
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ Worker: Watched });
    const bench = new Bench(64);
    const program = bench.program('fine');
    await bench.start(program);
    await workers[0]?.terminate();
    await vi.waitFor(() => expect(bench.pool.ready).toBe(0));
    expect(workers).toHaveLength(2);
    vi.restoreAllMocks();
    await bench.start(program);
    bench.pool.run(program, 1, 1);
    expect(bench.memory.views.words[bench.counts >>> 2]).toBe(900_000);
    bench.pool.end();
  });

  test.each([
    ['throw new Error("no room")', 'Error: no room'],
    ['process.exit(3)', 'it ended with code 3'],
  ])('says once that threads do not start, and does with one: %s', (body, problem) => {
    const source = fileURLToPath(new URL('../../../src/index.ts', import.meta.url));
    const text = `
      import { createCpuDevice, configure, ones } from ${JSON.stringify(source)};
      import { Worker } from 'node:worker_threads';
      let started = 0;
      process.getBuiltinModule = () => ({
        Worker: class extends Worker {
          constructor(source, options) {
            super(${JSON.stringify(body)}, options);
            started += 1;
          }
        },
      });
      configure({ warn: (line) => console.log(line) });
      const device = createCpuDevice({ threads: 2 });
      for (let i = 0; i < 4; i++) {
        console.log(ones([512, 512], { device }).matmul(ones([512, 512], { device })).sum().arraySync());
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      console.log(started);
    `;
    const words = ['--conditions=@espalier/source', '--import', 'tsx', '--input-type=module', '--eval', text];
    const lines = execFileSync(process.execPath, words, { encoding: 'utf8', timeout: 30_000 }).trim().split('\n');
    expect(lines.filter((line) => line === '134217728')).toHaveLength(4);
    expect(lines.filter((line) => line.startsWith(`cpu: threads do not start here (${problem})`))).toHaveLength(1);
    expect(lines.at(-1)).toBe('1');
  });

  test('keeps no process alive', () => {
    const source = fileURLToPath(new URL('../../../src/index.ts', import.meta.url));
    const text = `
      import { createCpuDevice, zeros } from ${JSON.stringify(source)};
      const device = createCpuDevice({ threads: 3 });
      for (let i = 0; i < 5; i++) {
        console.log(zeros([512, 512], { device }).add(1).matmul(zeros([512, 512], { device })).sum().arraySync());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    `;
    const words = ['--conditions=@espalier/source', '--import', 'tsx', '--input-type=module', '--eval', text];
    expect(execFileSync(process.execPath, words, { encoding: 'utf8', timeout: 30_000 })).toBe('0\n'.repeat(5));
  });
});

describe('the number of threads', () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    [undefined, '3', '3 threads'],
    [2, '3', '2 threads'],
    [1, '', 'one thread'],
    [100_000, '', '256 threads'],
  ])('is what is wanted (%s), or what a variable says (%s): %s', (threads, variable, said) => {
    vi.stubEnv('ESPALIER_THREADS', variable);
    const device = createCpuDevice({ name: 'cpu:counted', ...(threads && { threads }) });
    expect(device.description).toBe(`WebAssembly SIMD, ${said}, shared memory`);
    device.dispose();
  });

  test.each(['0', '-1', '1.5', 'many'])('is refused where the variable says %s', (variable) => {
    vi.stubEnv('ESPALIER_THREADS', variable);
    expect(() => createCpuDevice({ name: 'cpu:refused' })).toThrow(
      `createCpuDevice: the environment variable ESPALIER_THREADS is '${variable}'; it must be an integer of at least 1`,
    );
  });
});

describe('a kernel is cut', () => {
  const engine = new Engine(new DeviceMemory());
  const cut = (elements: number, threads: number): number => {
    const spec = copySpec('f32', elements);
    const range = Math.floor(elements / 16);
    const program: Program = {
      ...engine.record(() => () => undefined),
      range,
      steps: [
        {
          first: 0,
          units: range,
          repetitions: 1,
          calls: [{ routine: 0, arguments: [{ slot: slots.begin, offset: 0, step: 0 }] }],
        },
      ],
    };
    return chunkOf(spec, program, threads);
  };

  test('where it takes longer than threads take to meet', () => {
    expect(workOf(copySpec('f32', 2 ** 20))).toBeGreaterThan(50);
    expect(cut(2 ** 20, 2)).toBe(2 ** 13);
    expect(cut(2 ** 12, 2)).toBe(0);
    expect(cut(2 ** 20, 1)).toBe(0);
  });

  test('into as few pieces as there are threads where each piece packs an operand of its own', () => {
    const [m, n, k] = [2048, 256, 256];
    const spec: MatmulSpec = {
      kind: 'matmul',
      bindings: (['read', 'read', 'write'] as const).map((access) => ({ dtype: 'f32', access })),
      batch: [],
      m,
      n,
      k,
      a: { binding: 0, offset: 0, strides: [k, 1] },
      b: { binding: 1, offset: 0, strides: [n, 1] },
      out: { binding: 2, offset: 0, strides: [n, 1] },
    };
    const program = compileSpec(spec, engine);
    expect(chunkOf(spec, program, 2)).toBe(program.range / 2);
  });
});
