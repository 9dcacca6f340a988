/** What stands between the parameters of a model and what it computes with, as checkpoints of a training see it. */
import type { Tensor } from '@espalier/tensor';
import type { Module } from '../module/module.ts';
import type { InputView } from '../module/input-view.ts';
import type { Parameter, ParameterView } from '../module/parameter.ts';

/** What a parameter is seen through, and what it is multiplied with. */
const viewsOf = ({ views, inputs }: Parameter): readonly (ParameterView | InputView)[] => [...views, ...inputs];

function seen(model: Module): [string, Parameter][] {
  return [...model.namedParameters()].filter(([, parameter]) => viewsOf(parameter).length > 0);
}

/** The views of a model as a text: their names and settings, by parameter. */
export function describeViews(model: Module): string {
  return JSON.stringify(
    Object.fromEntries(
      seen(model).map(([name, parameter]) => [
        name,
        viewsOf(parameter).map((view) => (view.settings === undefined ? view.name : `${view.name} (${view.settings})`)),
      ]),
    ),
  );
}

/** The tensors of views that change in training, by parameter, place and name. */
export function viewTensors(model: Module): Map<string, Tensor> {
  const tensors = seen(model).flatMap(([name, parameter]) =>
    viewsOf(parameter).flatMap((view, place) =>
      [...(view.state?.() ?? [])].map(([key, tensor]): [string, Tensor] => [`${name}/${place}/${key}`, tensor]),
    ),
  );
  return new Map(tensors);
}
