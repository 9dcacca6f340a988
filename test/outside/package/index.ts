/** What a package outside this repository adds: importing it makes all of it known. */
import { registerModule } from '@espalier/nn';
import { registerStorage } from '@espalier/search';
import { registerFormat, registerPass, registerScore, registerView } from '@espalier/optimize';
import { rowSigns } from './format.ts';
import { gainLayer } from './layer.ts';
import { limitPass } from './pass.ts';
import { rowRelative } from './score.ts';
import { shelf } from './storage.ts';
import { ceiling } from './view.ts';

registerModule(gainLayer);
registerView(ceiling);
registerFormat(rowSigns);
registerPass(limitPass);
registerScore(rowRelative);
registerStorage(shelf);
