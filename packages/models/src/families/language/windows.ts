/** Windows of attention in config.json and in GGUF: how far back which layers look. */
import { ConfigError } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import type { Said } from '../files/said.ts';

/** Windows of a model. */
export interface Windows {
  /** Positions that one sees, itself included; 0 for all. */
  readonly window?: number;
  /** Places of the layers that have one. Default: all. */
  readonly windowLayers?: readonly number[];
}

const [slides, full] = ['sliding_attention', 'full_attention'];

/** What transformers takes where nothing is said. */
const usual = { window: 4096, firstLayer: 28 };

/** All layers, or some of them, or none, in the fewest words. */
export function windowsOf(window: number, isIn: readonly boolean[]): Windows {
  const windowLayers = isIn.flatMap((has, place) => (has ? [place] : []));
  if (window === 0 || windowLayers.length === 0) return {};
  return windowLayers.length === isIn.length ? { window } : { window, windowLayers };
}

/**
 * The windows that a config.json says. A window that no sequence is longer than is none.
 * @throws {FormatError} for layers of other kinds, and another number of them.
 */
export function windowsOfConfig(
  said: Said,
  { type, layers, context }: { readonly type: string; readonly layers: number; readonly context: number },
): Windows {
  const isMistral = type === 'mistral';
  const isUsed = said.truth('use_sliding_window', false) || isMistral;
  const isNone = said.isNull('sliding_window') || !isUsed;
  const window = isNone ? 0 : said.count('sliding_window', usual.window);
  const first = said.whole('max_window_layers', usual.firstLayer);
  const kinds = said.texts(
    'layer_types',
    Array.from({ length: layers }, (_, place) => (isMistral || place >= first ? slides : full)),
  );
  const other = kinds.find((each) => each !== full && each !== slides);
  if (other !== undefined) said.refuse('layer_types', `has '${other}', which there is not here`);
  if (kinds.length !== layers) said.refuse('layer_types', `has ${kinds.length} layers, and the model has ${layers}`);
  return window >= context
    ? {}
    : windowsOf(
        window,
        kinds.map((each) => each === slides),
      );
}

/** Whether a layer has one. */
export const hasWindow = ({ window = 0, windowLayers }: Windows, place: number): boolean =>
  window > 0 && (windowLayers?.includes(place) ?? true);

/**
 * The words of a config.json.
 * @throws {ConfigError} for windows of some layers where they are all alike.
 */
export function configOfWindows(windows: Windows, type: string, layers: number): Description {
  const { window = 0, windowLayers } = windows;
  if (type === 'mistral' && !windowLayers) return { sliding_window: window === 0 ? null : window };
  if (type === 'qwen2' || type === 'qwen3')
    return {
      use_sliding_window: window > 0,
      sliding_window: window === 0 ? null : window,
      ...(window > 0 && { max_window_layers: windowLayers?.[0] ?? 0 }),
      layer_types: Array.from({ length: layers }, (_, place) => (hasWindow(windows, place) ? slides : full)),
    };
  if (window === 0) return {};
  throw new ConfigError('llama.window', `is ${window}, which models of type ${type} have no word for`);
}

/** The window that a GGUF file says, of all layers. */
export function windowsOfGguf(said: Said, architecture: string, context: number): Windows {
  const key = `${architecture}.attention.sliding_window`;
  const window = said.whole(key, 0);
  return window === 0 || window >= context ? {} : { window };
}

/**
 * As pairs, without the architecture before them.
 * @throws {ConfigError} for windows of some layers.
 */
export function ggufOfWindows({ window = 0, windowLayers }: Windows): Description {
  if (window > 0 && windowLayers)
    throw new ConfigError('llama.windowLayers', 'are some layers, and GGUF has a window for all of these or for none');
  return window === 0 ? {} : { 'attention.sliding_window': window };
}
