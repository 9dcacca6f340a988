/** Plans that are kept from one run to the next, where the environment says a folder. */
import { planFolder } from '@espalier/nn/node';
import { configure } from '@espalier/tensor';

/** Names the folder. */
const plansVariable = 'ESPALIER_PLANS';

/**
 * Has this thread keep its plans in the folder that the environment variable `ESPALIER_PLANS` names, if it names one.
 * @throws {ArgumentError} for a folder that cannot be.
 */
export function keepPlans(): void {
  const folder = process.env[plansVariable];
  if (folder !== undefined && folder !== '') configure({ plans: planFolder(folder) });
}
