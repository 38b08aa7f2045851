import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { IsthmusError } from "@isthmus/math";

/** What tells a file from another of its name. */
export interface SeenFile {
  readonly name: string;
  readonly bytes: number;
  readonly modified: number;
}

/** Which files of a folder were dealt with and are still in it. */
export class DoneFiles {
  readonly #path: string;
  readonly #done: Map<string, string>;

  private constructor(path: string, done: Map<string, string>) {
    this.#path = path;
    this.#done = done;
  }

  /** A list that is damaged or not there is empty. */
  static async open(path: string): Promise<DoneFiles> {
    try {
      const entries = JSON.parse(new TextDecoder().decode(await readFileBytes(path))) as [string, string][];
      return new DoneFiles(path, new Map(entries));
    } catch (error) {
      if (!(error instanceof IsthmusError || error instanceof SyntaxError || error instanceof TypeError)) throw error;
      return new DoneFiles(path, new Map());
    }
  }

  has(file: SeenFile): boolean {
    return this.#done.get(file.name) === stampOf(file);
  }

  async add(files: readonly SeenFile[]): Promise<void> {
    for (const file of files) this.#done.set(file.name, stampOf(file));
    await writeFileAtomic(this.#path, new TextEncoder().encode(JSON.stringify([...this.#done])));
  }

  /** Forgets those that are gone. */
  forgetAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#done.keys()) if (!names.has(name)) this.#done.delete(name);
  }
}

function stampOf({ bytes, modified }: SeenFile): string {
  return `${bytes}-${modified}`;
}
