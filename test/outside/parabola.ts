/** A study for the command line. */
import { float, space } from '@espalier/search';

const objective = ({ config }: { readonly config: { readonly x: number } }): number => (config.x - 0.25) ** 2;

// oxlint-disable-next-line import/no-default-export -- it is what the command line asks of a study
export default { space: space({ x: float(-1, 1) }), objectives: ['minimize loss'], objective };
