import type { Json } from "@isthmus/graph";
import type { Machine } from "../../bench/report/machine.ts";
import type { Revision } from "../../bench/report/revision.ts";
import type { DataFacts } from "./data.ts";
import type { Row } from "./reproduction.ts";

/** The `.json` of a family: everything that was measured, and on what. */
export interface Results {
  readonly reproduction: string;
  readonly what: string;
  readonly protocol: { readonly [name: string]: Json };
  readonly rows: readonly Row[];
  readonly details: { readonly [name: string]: Json };
  /** File names. */
  readonly pictures: readonly string[];
  readonly date: string;
  readonly revision: Revision | null;
  readonly machine: Machine;
  readonly loadAverage: { readonly before: number; readonly after: number };
  readonly engine: { readonly name: string; readonly build: string };
  readonly data: readonly DataFacts[];
}
