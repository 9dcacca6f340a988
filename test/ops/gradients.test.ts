import { describeGradients } from './describe-ops.ts';

describeGradients(1, { runs: 8 });
describeGradients(2, { runs: 2 });
