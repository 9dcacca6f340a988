import { device } from '@espalier/tensor';
import { maskedLossLaws } from '../helpers/masked-losses.ts';

maskedLossLaws('reference', () => device('reference'));
maskedLossLaws('cpu', () => device('cpu'));
