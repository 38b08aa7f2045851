import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";

export interface EmbeddingOptions {
  /** The parameter is `<name>.table`; dots become slashes in node names. */
  readonly name: string;
  /** How many ids there are. */
  readonly rows: number;
  readonly units: number;
}

/**
 * A learnt vector for each id: i32 ids in [0, rows) of any shape -> [...ids, units]. The table [rows, units] starts
 * uniform with variance 1 / units, so that vectors start with length about 1.
 */
export function embedding(build: GraphBuilder, ids: Node, { name, rows, units }: EmbeddingOptions): Node {
  const init = { kind: "uniform", limit: Math.sqrt(3 / units) } as const;
  const table = build.state(`${name}.table`, { shape: [rows, units], init });
  return build.scope(name.replaceAll(".", "/"), () => build.emit("gather", [table, ids], {}, "gather"));
}
