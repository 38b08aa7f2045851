import type { UsageError } from "@isthmus/command-line/node";
import { dirname, resolve } from "node:path";
import type { TomlFile } from "./toml-file.ts";

interface Range {
  readonly least?: number;
  readonly most?: number;
}

/** One table of the file: gives its values checked, and in the end refuses the keys that nobody asked for. */
export class Table {
  readonly #file: TomlFile;
  readonly #name: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #asked: Set<string> = new Set();

  /** @param name empty for the top of the file */
  constructor(file: TomlFile, name: string) {
    this.#file = file;
    this.#name = name;
    const found = name === "" ? file.root : (file.root[name] ?? {});
    if (typeof found !== "object" || found === null || Array.isArray(found)) {
      throw file.error("", name, `expected a table, [${name}]`);
    }
    this.#values = found as Record<string, unknown>;
  }

  error(key: string | undefined, what: string): UsageError {
    return this.#file.error(this.#name, key, what);
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined;
  }

  table(name: string): Table {
    this.#asked.add(name);
    return new Table(this.#file, name);
  }

  text(key: string): string | undefined;
  text(key: string, otherwise: string): string;
  text(key: string, otherwise?: string): string | undefined {
    const value = this.#value(key) ?? otherwise;
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    throw this.#wrong(key, "a text in quotation marks, not empty", value);
  }

  required(key: string): string {
    const value = this.text(key);
    if (value === undefined) throw this.error(undefined, `"${key}" is missing`);
    return value;
  }

  /** A path; relative ones begin at the file's own folder. */
  path(key: string): string | undefined {
    const value = this.text(key);
    return value === undefined ? undefined : resolve(dirname(this.#file.path), value);
  }

  choice<T extends string>(key: string, choices: readonly T[], otherwise: T): T;
  choice<T extends string>(key: string, choices: readonly T[]): T | undefined;
  choice<T extends string>(key: string, choices: readonly T[], otherwise?: T): T | undefined {
    const value = this.#value(key) ?? otherwise;
    if (value === undefined || choices.includes(value as T)) return value as T | undefined;
    throw this.#wrong(key, `one of ${choices.map((one) => JSON.stringify(one)).join(", ")}`, value);
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.#value(key) ?? otherwise;
    if (typeof value === "boolean") return value;
    throw this.#wrong(key, "true or false", value);
  }

  number(key: string, otherwise: number, range: Range): number {
    const value = this.#value(key) ?? otherwise;
    if (typeof value === "number" && isWithin(value, range)) return value;
    throw this.#wrong(key, `a number${wordsOf(range)}`, value);
  }

  integer(key: string, range: Range): number | undefined;
  integer(key: string, range: Range, otherwise: number): number;
  integer(key: string, range: Range, otherwise?: number): number | undefined {
    const value = this.#value(key) ?? otherwise;
    if (value === undefined || (Number.isSafeInteger(value) && isWithin(value as number, range)))
      return value as number | undefined;
    throw this.#wrong(key, `a whole number${wordsOf(range)}`, value);
  }

  texts(key: string): readonly string[] | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    const isRight = Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");
    if (isRight) return value as string[];
    throw this.#wrong(key, `texts, such as ["a", "b"]`, value);
  }

  /** @throws UsageError naming a key that none of the above was asked for */
  finish(): void {
    const strange = Object.keys(this.#values).find((key) => !this.#asked.has(key));
    if (strange === undefined) return;
    throw this.error(strange, `no such key; there are ${[...this.#asked].sort().join(", ")}`);
  }

  #value(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key];
  }

  #wrong(key: string, expected: string, got: unknown): UsageError {
    return this.error(key, `expected ${expected}, got ${shown(got)}`);
  }
}

function isWithin(value: number, { least = -Infinity, most = Infinity }: Range): boolean {
  return value >= least && value <= most;
}

function wordsOf({ least, most }: Range): string {
  if (least === undefined && most === undefined) return "";
  return most === undefined ? ` of ${least} or more` : ` from ${least ?? "any"} to ${most}`;
}

function shown(value: unknown): string {
  return typeof value === "bigint" ? String(value) : JSON.stringify(value).slice(0, 80);
}
