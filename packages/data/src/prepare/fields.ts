/** Fields of preparations that come from JSON, checked. */
import { ConfigError } from '@espalier/nn';
import { show } from '@espalier/tensor/arguments';
import type { ColumnType } from '../table/column.ts';

/** A description from JSON. */
export type Config = Readonly<Record<string, unknown>>;

function refuse(where: string, name: string, value: unknown, must: string): never {
  throw new ConfigError(
    `${where}.${name}`,
    value === undefined ? `is missing; it must be ${must}` : `is ${show(value)}; it must be ${must}`,
  );
}

/** A finite number. */
export function numberField(config: Config, name: string, where: string): number {
  const value = config[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : refuse(where, name, value, 'a finite number');
}

/** A finite number above 0. */
export function positiveField(config: Config, name: string, where: string): number {
  const value = numberField(config, name, where);
  return value > 0 ? value : refuse(where, name, value, 'above 0');
}

/** A whole number of at least 1, and no more than memory allows. */
export function countField(config: Config, name: string, where: string): number {
  const value = numberField(config, name, where);
  return Number.isInteger(value) && value >= 1 && value <= 2 ** 24
    ? value
    : refuse(where, name, value, 'an integer of at least 1');
}

/** True or false. */
export function truthField(config: Config, name: string, where: string): boolean {
  const value = config[name];
  return typeof value === 'boolean' ? value : refuse(where, name, value, 'true or false');
}

/** A text. */
export function textField(config: Config, name: string, where: string): string {
  const value = config[name];
  return typeof value === 'string' ? value : refuse(where, name, value, 'a text');
}

/** One of some words. */
export function wordField<Word extends string>(
  config: Config,
  name: string,
  where: string,
  words: readonly Word[],
): Word {
  const value = config[name];
  return words.includes(value as Word) ? (value as Word) : refuse(where, name, value, `one of ${words.join(', ')}`);
}

/** Texts that are all different. */
export function textsField(config: Config, name: string, where: string): readonly string[] {
  const value = config[name];
  const holds =
    Array.isArray(value) && value.every((each) => typeof each === 'string') && new Set(value).size === value.length;
  return holds ? value : refuse(where, name, value, 'a list of different texts');
}

/** Finite numbers. */
export function numbersField(config: Config, name: string, where: string): readonly number[] {
  const value = config[name];
  return Array.isArray(value) && value.every(Number.isFinite)
    ? (value as number[])
    : refuse(where, name, value, 'a list of finite numbers');
}

/** A list of objects. */
export function recordsField(config: Config, name: string, where: string): readonly Config[] {
  const value = config[name];
  const holds =
    Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each));
  return holds ? value : refuse(where, name, value, 'a list of objects');
}

const types: readonly ColumnType[] = ['number', 'text', 'boolean'];

/** Types of columns by their names. */
export function typesField(config: Config, name: string): Readonly<Record<string, ColumnType>> {
  const value = config[name];
  if (Object(value) !== value || Array.isArray(value)) return refuse('preparation', name, value, 'types by column');
  return Object.fromEntries(
    Object.keys(value as Config).map((column) => [column, wordField(value as Config, column, name, types)]),
  );
}
