/** What a training has to itself while it runs. */
import { ArgumentError } from '@espalier/tensor';
import type { Module } from '../module/module.ts';

/** Optimizers, and the identities of parameters that are trained. */
const charged = new WeakSet<object>();

/**
 * Takes an optimizer, and the parameters of a model that are trained, into charge until the function that is returned
 * is called.
 * @throws {ArgumentError} where another training has one of them: an optimizer would forget the first model, and two
 * trainings of one parameter would undo each other's steps.
 */
export function takeCharge(operation: string, model: Module, optimizer: object): () => void {
  if (charged.has(optimizer))
    throw new ArgumentError(
      operation,
      'the optimizer is in charge of another training that is not over; wait for that one, or make an optimizer for each',
    );
  const trained = [...model.namedParameters()].filter(([, { trainable }]) => trainable);
  const taken = trained.find(([, { identity }]) => charged.has(identity));
  if (taken)
    throw new ArgumentError(
      operation,
      `'${taken[0]}' is trained by another training that is not over; wait for that one, train a copy (cloneModel), or freeze it in one of them (trainable = false)`,
    );
  const own = [optimizer, ...trained.map(([, { identity }]) => identity)];
  for (const each of own) charged.add(each);
  return () => {
    for (const each of own) charged.delete(each);
  };
}
