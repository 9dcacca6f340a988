/** Whether a pipeline can run, told before anything is done. */
import { checkSource } from '../data/source.ts';
import { UsageError } from '../errors.ts';
import { problemOf, problemText, wholeNumber, type Fields } from '../fields.ts';
import { rowNamed } from '../rows/known.ts';
import { stageNamed } from '../stages/known.ts';
import { taskNamed } from '../task/task.ts';
import type { Pipeline } from './pipeline.ts';

const goodName = /^[\w-]+$/u;

function checkName(place: string, name: unknown): void {
  if (typeof name === 'string' && goodName.test(name)) return;
  throw new UsageError(`${place}: is ${JSON.stringify(name)}: use letters, digits, - and _ only`);
}

function checkOptions(place: string, options: object | undefined, fields: Fields): void {
  const problem = problemOf(options ?? {}, fields, ['options']);
  if (problem !== undefined) throw new UsageError(`${place}.${problemText(problem)}`);
}

function at<Result>(place: string, find: () => Result): Result {
  try {
    return find();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${place}: ${error.message}`) : error;
  }
}

function checkStages({ stages }: Pipeline): void {
  const made = new Map<string, string>();
  for (const [index, use] of stages.entries()) {
    const place = `pipeline.stages.${index}`;
    const stage = at(place, () => stageNamed(use.stage));
    checkOptions(place, use.options, stage.options);
    const missing = stage.inputs.find((input) => !made.has(input));
    if (missing !== undefined) {
      throw new UsageError(`${place}: ${stage.name} needs '${missing}', which no stage before it makes`);
    }
    for (const output of stage.outputs) {
      const maker = made.get(output);
      if (maker !== undefined) throw new UsageError(`${place}: '${output}' is made by ${maker} already`);
      made.set(output, stage.name);
    }
  }
}

function checkRows({ rows }: Pipeline): void {
  const before = new Set<string>();
  for (const [index, { name, type, from, options }] of rows.entries()) {
    const place = `pipeline.rows.${index}`;
    checkName(`${place}.name`, name);
    if (before.has(name)) throw new UsageError(`${place}: there is a row '${name}' already`);
    const row = at(place, () => rowNamed(type));
    checkOptions(place, options, row.options);
    if (row.from === 'data' && from !== undefined) {
      throw new UsageError(`${place}.from: a row of type ${type} is made from data: leave it out`);
    }
    if (row.from === 'row' && (from === undefined || !before.has(from))) {
      const earlier = before.size === 0 ? 'there is none' : `give one of ${[...before].join(', ')}`;
      throw new UsageError(`${place}.from: a row of type ${type} is made from an earlier row: ${earlier}`);
    }
    before.add(name);
  }
}

/**
 * Makes sure that a pipeline can run: that everything it names is known, options are what they may be, and each stage and
 * row finds what it is made from.
 * @throws {UsageError} that names the place.
 */
export function checkPipeline(pipeline: Pipeline): void {
  checkName('pipeline.name', pipeline.name);
  const numbers = { seed: wholeNumber(0), validation: wholeNumber(1) };
  const given = { seed: pipeline.seed, validation: pipeline.data.validation };
  const problem = problemOf(given, numbers, ['pipeline']);
  if (problem !== undefined) throw new UsageError(problemText(problem));
  at('pipeline.task', () => taskNamed(pipeline.task));
  at('pipeline.data', () => checkSource(pipeline.data.source));
  checkStages(pipeline);
  checkRows(pipeline);
}
