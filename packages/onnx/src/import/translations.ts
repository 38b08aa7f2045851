import type { Value } from "./flow.ts";
import type { NodeReader } from "./node-reader.ts";

/** Writes what a node does into the graph: its outputs, the first alone where nobody asks for others. */
export type Translation = (read: NodeReader) => Value | readonly Value[];

/** Operator -> what it is here. */
export type Translations = Readonly<Record<string, Translation>>;
