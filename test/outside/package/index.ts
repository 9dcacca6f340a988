/** What a package outside this repository adds: importing it makes all of it known. */
import {
  registerActivation,
  registerInitialiser,
  registerLoss,
  registerModule,
  registerOptimizer,
  registerSchedule,
} from '@espalier/nn';
import { registerArchitecture } from '@espalier/pipeline';
import { registerStorage } from '@espalier/search';
import {
  registerFormat,
  registerMatchLoss,
  registerMetric,
  registerNumberFormat,
  registerPass,
  registerScore,
  registerView,
} from '@espalier/optimize';
import { softsignLayer } from './activation.ts';
import { perceptron } from './architecture.ts';
import { rowSigns } from './format.ts';
import { gainLayer } from './layer.ts';
import { sameStrength } from './match-loss.ts';
import { int6 } from './number-format.ts';
import { limitPass } from './pass.ts';
import { rowRelative } from './score.ts';
import { shelf } from './storage.ts';
import { balance, cautious, even, logCosh, zigzag } from './training.ts';
import { ceiling } from './view.ts';

registerModule(gainLayer);
registerActivation(softsignLayer);
registerArchitecture(perceptron);
registerLoss(logCosh);
registerOptimizer(cautious);
registerInitialiser(even);
registerSchedule(zigzag);
registerMetric(balance);
registerView(ceiling);
registerFormat(rowSigns);
registerNumberFormat(int6);
registerPass(limitPass);
registerMatchLoss(sameStrength);
registerScore(rowRelative);
registerStorage(shelf);
