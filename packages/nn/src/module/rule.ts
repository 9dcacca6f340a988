/** What tells a module from everything else. */
import { ruleOf, type Rule } from '@espalier/tensor/arguments';
import { hasMethods } from '../config/rules.ts';
import type { Module } from './module.ts';

/** A module. */
export const aModule: Rule<Module> = ruleOf('a module, such as build({ type })', (value) =>
  hasMethods(value, 'forward', 'call', 'namedParameters'),
);
