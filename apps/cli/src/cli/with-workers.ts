/** Lends a command workers on a device, and ends them however the command does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Runner, SourceUse } from '@espalier/pipeline';
import { withRunner } from '@espalier/pipeline/node';
import type { DeviceName } from '@espalier/tensor';
import { pluginModule } from './plugin.ts';
import type { Session } from './session.ts';

/** What a worker imports to know them. */
const modelsModule = new URL('./worker-models.js', import.meta.url).href;

/** Types of models that this program knows beside those of the library; loading them takes a worker a while. */
const others: ReadonlySet<unknown> = new Set(['onnx', 'tensors']);

/** Sources of data that this program knows beside those of the library. */
const otherSources: ReadonlySet<string> = new Set(['arrays']);

const isOther = (data: SourceUse | undefined): boolean => typeof data === 'object' && otherSources.has(data.source);

/** Whether a folder may hold a model that was made of a file of others. What is wrong with it is said by who loads it. */
function isOfOthers(folder: string): boolean {
  try {
    const { model } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as {
      readonly model?: { readonly type?: unknown };
    };
    return others.has(model?.type);
  } catch {
    return false;
  }
}

/**
 * Opens a device, says which it is, and lends out workers that compute on it, with the plugins that are loaded here and what
 * the models in these folders, and the data, need.
 * @throws {NoDeviceError} when the device is not here.
 */
export function withWorkers<Result>(
  session: Session,
  device: DeviceName,
  use: (runner: Runner) => Promise<Result>,
  folders: readonly string[] = [],
  data?: SourceUse,
): Promise<Result> {
  const plugins = session.plugins.map(pluginModule);
  const modules = isOther(data) || folders.some(isOfOthers) ? [modelsModule, ...plugins] : plugins;
  const { profiling } = session;
  if (!profiling) return withRunner(session, device, use, { modules });
  return profiling.inWorkers(session, (onProfile, opened) => {
    const run = (runner: Runner): Promise<Result> => {
      opened(runner.device.kind);
      return use(runner);
    };
    return withRunner(session, device, run, { modules, onProfile });
  });
}
