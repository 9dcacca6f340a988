// The layers of each package, by its folder.
import type { Layers } from './layers.ts';
import { chat } from './chat.ts';
import { cli } from './cli.ts';
import { data } from './data.ts';
import { language } from './language.ts';
import { models } from './models.ts';
import { nn } from './nn.ts';
import { optimize } from './optimize.ts';
import { pipeline } from './pipeline.ts';
import { search } from './search.ts';
import { storage } from './storage.ts';
import { tensor } from './tensor.ts';

/** Those of a folder or two have none. */
export const layersOf: Readonly<Record<string, Layers>> = {
  'packages/tensor': tensor,
  'packages/nn': nn,
  'packages/data': data,
  'packages/models': models,
  'packages/language': language,
  'packages/search': search,
  'packages/storage': storage,
  'packages/optimize': optimize,
  'packages/pipeline': pipeline,
  'apps/cli': cli,
  'apps/chat': chat,
};
