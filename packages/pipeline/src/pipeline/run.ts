/** Runs a pipeline, stage after stage. */
import { jsonFlaw } from '@espalier/tensor/arguments';
import { FailedError, InterruptedError } from '../errors.ts';
import { digest } from '../text/digest.ts';
import { checkPipeline } from './check.ts';
import type { Pipeline } from './pipeline.ts';
import { stageNamed } from '../stages/known.ts';
import type { StageContext, Workshop } from './stage.ts';

/** What the outcome of a stage depends on that does not say it itself. */
function usualKey({ pipeline, options, runner }: StageContext): unknown {
  const { data, task, seed, rows } = pipeline;
  return { options, data, task, seed, rows, device: runner.device.kind };
}

/**
 * What a stage came to, if a file can keep it.
 * @throws {FailedError} naming the first thing that would be lost where the run is gone on with.
 */
function carried<Made extends object>(name: string, made: Made): Made {
  const flaw = jsonFlaw(made);
  if (flaw === undefined) return made;
  throw new FailedError(`stage ${name}: it came to ${flaw}, which JSON cannot carry: give figures and texts, or null`);
}

/**
 * Runs the stages of a pipeline that are not done, and gives what all of them came to, by name.
 * @throws {UsageError} before anything is done, when the pipeline cannot run.
 * @throws {InterruptedError} when the host asks to stop; what is done is kept in the state.
 * @throws {FailedError} when a stage does not come to what it says.
 */
export async function runPipeline(pipeline: Pipeline, workshop: Workshop): Promise<Readonly<Record<string, unknown>>> {
  checkPipeline(pipeline);
  const { host, state } = workshop;
  const outputs = new Map<string, unknown>();
  for (const { stage: name, options = {} } of pipeline.stages) {
    if (host.interrupt.aborted) throw new InterruptedError();
    const stage = stageNamed(name);
    const takes = [...stage.inputs, ...(stage.optional ?? [])].filter((input) => outputs.has(input));
    const inputs = Object.fromEntries(takes.map((input) => [input, outputs.get(input)]));
    const context: StageContext = { ...workshop, pipeline, options, inputs };
    const key = digest([(stage.key ?? usualKey)(context), inputs]);
    const made = await state.stage(name, async () => carried(name, await stage.run(context)), key);
    for (const output of stage.outputs) {
      // What was kept comes from a file.
      const value: unknown = Reflect.get(Object(made), output);
      if (value === undefined) throw new FailedError(`stage ${name}: it came to no '${output}'`);
      outputs.set(output, value);
    }
    const line = stage.summary?.(made, context);
    if (line !== undefined) host.log(line);
  }
  return Object.fromEntries(outputs);
}
