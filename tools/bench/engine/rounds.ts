/** Rounds of a row: each of its subjects in a process of its own, in an order that rotates. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { subjectsOf, type Scope, type Subject } from './claims.ts';
import type { Row } from './row.ts';
import { median } from './timing.ts';
import type { Answer, Order } from './worker.ts';

/** How a row is measured. */
export interface RoundsOptions extends Scope {
  readonly rounds: number;
  readonly python: string;
}

/** What became of a subject. */
export interface Measured {
  readonly subject: Subject;
  readonly description: string;
  /** Median over the rounds, of a step. */
  readonly milliseconds?: number;
  /** Half of what lies between the fastest and the slowest round, as a share of the median. */
  readonly spread?: number;
  readonly cannot?: string;
}

const run = promisify(execFile);
const worker = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Some peers lack kernels that take minutes to do without. */
const patience = 120_000;

async function ask(order: Order): Promise<Answer> {
  try {
    const { stdout } = await run(process.execPath, ['--import', 'tsx', worker, JSON.stringify(order)], {
      timeout: patience,
      killSignal: 'SIGKILL',
      env: { ...process.env, ESPALIER_THREADS: String(order.threads) },
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answer;
  } catch (error) {
    const [line = ''] = String((error as { stderr?: string }).stderr ?? error).split('\n');
    return { description: order.engine, cannot: `ended: ${line.slice(0, 200)}` };
  }
}

/** Measures a row. A subject that cannot do it is left out of further rounds. */
export async function measured(row: Row, { rounds, python, ...scope }: RoundsOptions): Promise<readonly Measured[]> {
  const subjects = subjectsOf(row, scope);
  const answers = new Map<Subject, Answer[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const before = answers.get(subject) ?? [];
      if (before.some(({ cannot }) => cannot !== undefined)) continue;
      const { engine, threads, storage, op } = subject;
      before.push(await ask({ row: row.name, engine, threads, storage, op, python, checked: round === 0 }));
    }
  }
  return [...answers].map(([subject, all]) => {
    const description = all.at(-1)?.description ?? subject.engine;
    const cannot = all.find((each) => each.cannot !== undefined)?.cannot;
    if (cannot !== undefined) return { subject, description, cannot };
    const times = all.map((each) => each.milliseconds ?? Number.NaN);
    const milliseconds = median(times);
    const spread = (Math.max(...times) - Math.min(...times)) / 2 / milliseconds;
    return { subject, description, milliseconds, spread };
  });
}
