/** `espalier devices`: which devices there are, and which `auto` takes. */
import { deviceKinds, type DeviceKind } from '@espalier/pipeline';
import { openPlace } from '@espalier/pipeline/node';
import type { Command } from 'commander';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { openSession, type CommonOptions, type Environment, type Session } from '../cli/session.ts';
import { NoDeviceError } from '../errors.ts';
import { renderTable } from '../terminal/table.ts';

/** A kind of device, and what there is of it here. */
interface DeviceRow {
  readonly name: DeviceKind;
  readonly available: boolean;
  /** What it is; or why it is not here, and how to get it. */
  readonly description: string;
}

async function look(session: Session, name: DeviceKind): Promise<DeviceRow> {
  try {
    const { description, close } = await openPlace(session, name);
    await close();
    return { name, available: true, description };
  } catch (error) {
    if (!(error instanceof NoDeviceError)) throw error;
    return { name, available: false, description: error.message };
  }
}

async function chosenByAuto(session: Session): Promise<DeviceKind> {
  const { kind, close } = await openPlace(session, 'auto');
  await close();
  return kind;
}

/** Adds `espalier devices`. */
export function addDevicesCommand(program: Command, environment: Environment): void {
  const command = program.command('devices').description('list the devices of this machine');
  withExamples(withCommonOptions(command), [
    ['espalier devices', 'what can be given to --device here'],
    ['espalier devices --json', 'the same for a script'],
  ]).action(async (options: CommonOptions) => {
    const session = openSession(environment, options);
    const [devices, auto] = await Promise.all([
      Promise.all(deviceKinds.map((kind) => look(session, kind))),
      chosenByAuto(session),
    ]);
    session.result({ devices, auto }, () => {
      const rows = devices.map((row) => [row.name, row.available ? 'yes' : 'no', row.description]);
      const table = renderTable(
        [{ heading: 'device' }, { heading: 'here' }, { heading: 'what' }],
        rows,
        session.stdout,
      );
      return `${table}\n\n--device auto takes ${auto}`;
    });
  });
}
