/** What arguments of generation have to be. */
import { Module } from '@espalier/nn';
import { ruleOf, type Rule } from '@espalier/tensor/arguments';

/** A module. */
export const aModule: Rule<Module> = ruleOf('a module', (value) => value instanceof Module);
