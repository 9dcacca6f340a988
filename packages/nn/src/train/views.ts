/** What stands between the parameters of a model and what it computes with, as checkpoints of a training see it. */
import type { Tensor } from '@espalier/tensor';
import type { Module } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';

function seen(model: Module): [string, Parameter][] {
  return [...model.namedParameters()].filter(([, { views }]) => views.length > 0);
}

/** The views of a model as a text: their names and settings, by parameter. */
export function describeViews(model: Module): string {
  return JSON.stringify(
    Object.fromEntries(
      seen(model).map(([name, { views }]) => [
        name,
        views.map((view) => (view.settings === undefined ? view.name : `${view.name} (${view.settings})`)),
      ]),
    ),
  );
}

/** The tensors of views that change in training, by parameter, place and name. */
export function viewTensors(model: Module): Map<string, Tensor> {
  const tensors = seen(model).flatMap(([name, { views }]) =>
    views.flatMap((view, place) =>
      [...(view.state?.() ?? [])].map(([key, tensor]): [string, Tensor] => [`${name}/${place}/${key}`, tensor]),
    ),
  );
  return new Map(tensors);
}
