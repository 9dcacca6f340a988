import { device } from '@espalier/tensor';
import { describeOps } from './describe-ops.ts';

// The reference runs on views, the oracle on contiguous inputs: how a tensor is stored must not matter.
describeOps('reference', () => device('reference'), { runs: 12 });
describeOps('cpu', () => device('cpu'), { runs: 25 });
