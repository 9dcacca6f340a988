/** A language model without some of its layers, and of its heads, by what a text says of them. */
import {
  dropHeads,
  layerInfluence,
  leastLayers,
  planHeads,
  withoutLayers,
  type CalibrationIds,
} from '@espalier/language';
import type { Device } from '@espalier/tensor';
import { resumable } from '../cli/resumable.ts';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import type { ModelAt } from './compression.ts';
import { saidByUser } from './said-by-user.ts';
import { workFolder } from './work-folder.ts';

/** What a model is to be without. */
export interface FewerParts {
  readonly options: { readonly dropLayers?: number; readonly dropHeads?: number };
  readonly ids: CalibrationIds | undefined;
  readonly device: Device;
  /** The arguments of a command that goes on. */
  readonly again: readonly string[];
  /** What is written in the end: finished layers lie beside it. Nothing where only a plan is asked for. */
  readonly output: string | undefined;
}

/**
 * Uses a model without the layers that do the least to a text, and then without the heads that it misses the least.
 * @throws {UsageError} without a text, and where too much would be gone.
 */
export async function withFewerParts<Result>(
  session: Session,
  whole: ModelAt,
  asked: FewerParts,
  use: (at: ModelAt) => Promise<Result>,
): Promise<Result> {
  const { output, device, options } = asked;
  const at = await withFewerLayers(session, whole, asked);
  if (options.dropHeads === undefined) return use(at);
  const ids = textFor('--drop-heads: heads', asked);
  const plan = await saidByUser(() => planHeads(at.model, options.dropHeads ?? 0));
  const { before, after } = plan;
  session.log(
    `each layer keeps ${after.heads} of its ${before.heads} heads, and ${after.keyValueHeads} of ${before.keyValueHeads} of keys and values`,
  );
  const finished = output === undefined ? undefined : workFolder(session, output, 'heads');
  const { model, close } = await resumable(session, asked.again, () =>
    saidByUser(() =>
      dropHeads(at.model, plan, {
        ids,
        device,
        signal: session.interrupt,
        ...(finished && { parts: finished.parts }),
        onLayer: (place, { kept, loss }) =>
          session.log(
            `${place} keeps the heads of keys and values ${kept.join(', ')}: ${(100 * loss).toPrecision(2)} % of what all gave are lost`,
          ),
      }),
    ),
  );
  try {
    const result = await use({ ...at, model });
    finished?.remove();
    return result;
  } finally {
    await close();
  }
}

async function withFewerLayers(session: Session, at: ModelAt, asked: FewerParts): Promise<ModelAt> {
  const { dropLayers: count } = asked.options;
  if (count === undefined) return at;
  const ids = textFor('--drop-layers: layers', asked);
  const { device } = asked;
  const influence = await saidByUser(() => layerInfluence(at.model, ids, { device, signal: session.interrupt }));
  const dropped = leastLayers(influence, count);
  session.log(`without the layers ${dropped.join(', ')}, which change the least of what comes into them`);
  return { ...at, model: await saidByUser(() => withoutLayers(at.model, dropped)) };
}

/** @throws {UsageError} where there is none. */
function textFor(what: string, { ids }: FewerParts): CalibrationIds {
  if (!ids) throw new UsageError(`${what} are judged by what they do to a text; give --text`);
  return ids;
}
