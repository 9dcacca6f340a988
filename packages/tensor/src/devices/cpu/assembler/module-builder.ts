/** Builds a WebAssembly module: an imported memory, imported functions, and exported functions. */
import { ByteWriter } from './byte-writer.ts';
import { typeBytes, type Callable, type ValueType } from './expression.ts';
import { FunctionBuilder } from './function-builder.ts';

/** The limits of the memory a module imports; they must agree with the memory it gets. */
export interface MemoryLimits {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

/** Module and field under which the memory is imported. */
export const memoryImport = { module: 'device', name: 'memory' } as const;
/** Module under which host functions are imported. */
export const hostImport = 'host';

const section = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;

/** A module under construction. */
export class ModuleBuilder {
  readonly #memory: MemoryLimits;
  readonly #imports: { readonly callable: Callable }[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #exported = new Set<string>();

  constructor(memory: MemoryLimits) {
    this.#memory = memory;
  }

  /** A host function imported from module `host`. The same name gives the same import. */
  import(name: string, parameters: readonly ValueType[], result: ValueType): Callable {
    const known = this.#imports.find((entry) => entry.callable.name === name);
    if (known) return known.callable;
    const callable: Callable = { name, parameters, result, index: this.#imports.length };
    this.#imports.push({ callable });
    return callable;
  }

  /** A new function; `exported` under its name. */
  function<const Parameters extends readonly ValueType[]>(
    name: string,
    parameters: Parameters,
    result: ValueType = 'none',
    exported = false,
  ): FunctionBuilder<Parameters> {
    const position = this.#functions.length;
    // Imports come first in the index space, and more of them may follow: the index is asked for when code is written.
    const builder = new FunctionBuilder(name, parameters, result, () => this.#imports.length + position);
    this.#functions.push(builder);
    if (exported) this.#exported.add(name);
    return builder;
  }

  /** Names of the host functions the module needs. */
  get hostFunctions(): readonly string[] {
    return this.#imports.map((entry) => entry.callable.name);
  }

  /** Names of the functions it exports. */
  get exported(): readonly string[] {
    return [...this.#exported];
  }

  /** The module in the binary format. */
  encode(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.raw([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    const types: string[] = [];
    const signatures: Callable[] = [];
    const typeOf = (callable: Callable): number => {
      const key = `${callable.parameters.join()}>${callable.result}`;
      if (!types.includes(key)) {
        types.push(key);
        signatures.push(callable);
      }
      return types.indexOf(key);
    };
    const importTypes = this.#imports.map((entry) => typeOf(entry.callable));
    const functionTypes = this.#functions.map(typeOf);
    writeSection(out, section.type, signatures.length, (body, i) => writeSignature(body, signatures[i] as Callable));
    writeSection(out, section.import, this.#imports.length + 1, (body, i) => {
      const entry = this.#imports[i];
      if (entry === undefined) this.#writeMemoryImport(body);
      else {
        body.name(hostImport);
        body.name(entry.callable.name);
        body.byte(0x00);
        body.unsigned(importTypes[i] as number);
      }
    });
    writeSection(out, section.function, functionTypes.length, (body, i) => body.unsigned(functionTypes[i] as number));
    const exported = this.#functions.filter((builder) => this.#exported.has(builder.name));
    writeSection(out, section.export, exported.length, (body, i) => {
      const builder = exported[i] as FunctionBuilder;
      body.name(builder.name);
      body.byte(0x00);
      body.unsigned(builder.index);
    });
    writeSection(out, section.code, this.#functions.length, (body, i) => {
      const code = new ByteWriter();
      (this.#functions[i] as FunctionBuilder).encode(code);
      body.unsigned(code.length);
      body.raw(code.finish());
    });
    return out.finish();
  }

  #writeMemoryImport(body: ByteWriter): void {
    body.name(memoryImport.module);
    body.name(memoryImport.name);
    body.byte(0x02);
    body.byte(this.#memory.shared ? 3 : 1);
    body.unsigned(this.#memory.initial);
    body.unsigned(this.#memory.maximum);
  }
}

function writeSignature(out: ByteWriter, callable: Callable): void {
  out.byte(0x60);
  out.unsigned(callable.parameters.length);
  for (const type of callable.parameters) if (type !== 'none') out.byte(typeBytes[type]);
  if (callable.result === 'none') out.unsigned(0);
  else {
    out.unsigned(1);
    out.byte(typeBytes[callable.result]);
  }
}

function writeSection(
  out: ByteWriter,
  id: number,
  count: number,
  entry: (body: ByteWriter, index: number) => void,
): void {
  const body = new ByteWriter();
  body.unsigned(count);
  for (let i = 0; i < count; i++) entry(body, i);
  out.byte(id);
  out.unsigned(body.length);
  out.raw(body.finish());
}
