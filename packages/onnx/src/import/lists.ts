import type { Dim } from "@isthmus/graph";
import type { Known } from "./known.ts";

/** A known value of one axis. */
export function knownList(name: string, data: ArrayLike<Dim>, elementType: number): Known {
  return { kind: "known", name, elementType, shape: [data.length], data };
}
