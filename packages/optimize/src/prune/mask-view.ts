/** A pruning mask, as a view of a parameter. */
import type { Parameter, ParameterView } from '@espalier/nn';
import { aByteArray, aParameter } from '@espalier/nn/arguments';
import { fromTyped, isTensor, type Tensor } from '@espalier/tensor';
import { aTensor, check, either } from '@espalier/tensor/arguments';

/** The name of mask views. */
export const maskViewName = 'mask';

/**
 * Shows a parameter with its pruned weights at exactly 0. No gradient reaches those, so they stay pruned in any training.
 * New mask values take effect in steps that are compiled already.
 */
export class MaskView implements ParameterView {
  readonly name: string = maskViewName;
  /** bool, of the parameter's shape: true where the weight is kept. */
  readonly mask: Tensor;

  /** `kept` holds 1 for each weight that stays, or is such a tensor, bool and of the parameter's shape. */
  constructor(kept: Uint8Array | Tensor, like: Tensor) {
    check('MaskView', 'like', like, aTensor);
    check('MaskView', 'kept', kept, either(aByteArray, aTensor));
    this.mask = isTensor(kept) ? kept.realizeSync() : maskTensor(kept, like);
  }

  readonly apply = (tensor: Tensor): Tensor => tensor.where(this.mask, 0);

  readonly copy = async (like: Tensor): Promise<MaskView> => new MaskView(await this.kept(), like);

  readonly state = (): ReadonlyMap<string, Tensor> => new Map([['kept', this.mask]]);

  /** Replaces the mask. */
  update(kept: Uint8Array): void {
    this.mask.assign(maskTensor(check('MaskView.update', 'kept', kept, aByteArray), this.mask));
  }

  /** 1 for each weight that stays. */
  async kept(): Promise<Uint8Array> {
    return (await this.mask.data()) as Uint8Array;
  }
}

function maskTensor(kept: Uint8Array, { shape, device }: Tensor): Tensor {
  return fromTyped(kept, shape, { dtype: 'bool', device }).realizeSync();
}

/** The mask view of a parameter, if it has one. */
export function maskOf(parameter: Parameter): MaskView | undefined {
  return check('maskOf', 'parameter', parameter, aParameter).views.find((view) => view instanceof MaskView);
}

/** Gives a parameter a mask, or its mask new values. A mask comes before every other view. */
export function setMask(parameter: Parameter, kept: Uint8Array): MaskView {
  check('setMask', 'parameter', parameter, aParameter);
  const known = maskOf(parameter);
  if (known) {
    known.update(kept);
    return known;
  }
  const view = new MaskView(kept, parameter.tensor);
  parameter.views.unshift(view);
  return view;
}
