import { UsageError } from "@isthmus/command-line/node";
import { parse, TomlError } from "smol-toml";

/** A TOML file that can say where in it something stands. */
export class TomlFile {
  readonly path: string;
  readonly root: Readonly<Record<string, unknown>>;
  readonly #text: string;

  /** @throws UsageError naming file and line, for what is no TOML */
  constructor(path: string, text: string) {
    this.path = path;
    this.#text = text;
    try {
      this.root = parse(text);
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      const [what] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
      throw new UsageError(`${path}:${error.line}: ${what}`, { cause: error });
    }
  }

  /** An error about a key of a table; about the table itself without one. */
  error(table: string, key: string | undefined, what: string): UsageError {
    const line = this.#lineOf(table, key);
    const name = [...(table === "" ? [] : [`[${table}]`]), ...(key === undefined ? [] : [key])].join(" ");
    return new UsageError(
      `${this.path}${line === undefined ? "" : `:${line}`}: ${name === "" ? "" : `${name}: `}${what}`,
    );
  }

  /** Where a key is set, or its table begins; `undefined` where neither is written out. */
  #lineOf(table: string, key: string | undefined): number | undefined {
    let within = "";
    let found: number | undefined;
    for (const [index, line] of this.#text.split("\n").entries()) {
      const header = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
      if (header !== undefined) within = header;
      if (header === table) found = index + 1;
      const name = /^\s*(?:"([^"]+)"|'([^']+)'|([\w.-]+))\s*=/.exec(line)?.slice(1).find(Boolean);
      if (name === undefined) continue;
      const path = within === "" ? name : `${within}.${name}`;
      if (key !== undefined && path === (table === "" ? key : `${table}.${key}`)) return index + 1;
      if (path === table || path.startsWith(`${table}.`)) found ??= index + 1;
    }
    return found;
  }
}
