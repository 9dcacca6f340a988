/** Lends a command workers on a device, and ends them however the command does. */
import type { Runner } from '@espalier/pipeline';
import { withRunner } from '@espalier/pipeline/node';
import type { DeviceName } from '@espalier/tensor';
import { pluginModule } from './plugin.ts';
import type { Session } from './session.ts';

/**
 * Opens a device, says which it is, and lends out workers that compute on it, with the plugins that are loaded here.
 * @throws {NoDeviceError} when the device is not here.
 */
export function withWorkers<Result>(
  session: Session,
  device: DeviceName,
  use: (runner: Runner) => Promise<Result>,
): Promise<Result> {
  return withRunner(session, device, use, { modules: session.plugins.map(pluginModule) });
}
