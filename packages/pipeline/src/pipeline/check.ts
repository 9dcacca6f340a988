/** Whether a pipeline can run, told before anything is done. */
import { classWeightsField } from '../data/class-weights.ts';
import { checkSource } from '../data/source.ts';
import { UsageError } from '../errors.ts';
import { optional, problemOf, problemText, wholeNumber, type Field, type Fields } from '../fields.ts';
import { rowNamed } from '../rows/known.ts';
import { stageNamed } from '../stages/known.ts';
import { taskNamed } from '../task/task.ts';
import type { Pipeline } from './pipeline.ts';

const goodName = /^[\w-]+$/u;

const isText = (value: unknown): boolean => typeof value === 'string';
const isAnything = (): boolean => true;
const aText: Field = { allowed: 'a text', accepts: isText };
const aList: Field = { allowed: 'a list', accepts: Array.isArray };
/** What is looked at by whoever knows it. */
const anything: Field = { allowed: 'anything', optional: true, accepts: isAnything };

const pipelineFields: Fields = {
  name: anything,
  seed: wholeNumber(0),
  task: optional(aText),
  data: {
    source: {
      allowed: 'a name, a folder, or { source, options }',
      accepts: (use) => isText(use) || Object(use) === use,
    },
    validation: wholeNumber(1),
    classWeights: classWeightsField,
  },
  stages: aList,
  rows: aList,
};
const stageFields: Fields = { stage: aText, options: anything };
const rowFields: Fields = { name: anything, type: aText, from: optional(aText), options: anything };

function checkFields(value: unknown, fields: Fields, ...path: readonly string[]): void {
  const problem = problemOf(value, fields, path);
  if (problem !== undefined) throw new UsageError(problemText(problem));
}

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
    checkFields(use, stageFields, place);
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
  for (const [index, use] of rows.entries()) {
    const place = `pipeline.rows.${index}`;
    checkFields(use, rowFields, place);
    const { name, type, from, options } = use;
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
  checkFields(pipeline, pipelineFields, 'pipeline');
  checkName('pipeline.name', pipeline.name);
  at('pipeline.task', () => taskNamed(pipeline.task));
  at('pipeline.data', () => checkSource(pipeline.data.source));
  checkStages(pipeline);
  checkRows(pipeline);
}
