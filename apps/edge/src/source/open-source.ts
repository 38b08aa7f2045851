import type { BundleUnits } from "@isthmus/edge";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { AgentConfig } from "../config/config.ts";
import { DemoSource } from "./demo-source.ts";
import { FileSource } from "./file-source.ts";
import { FolderSource } from "./folder-source.ts";
import type { Source } from "./source.ts";
import { StdinSource } from "./stdin-source.ts";

/** The source that a configuration names. */
export function openSource(
  { source, state }: AgentConfig,
  stdin: Readable,
  units: () => BundleUnits | undefined,
): Source {
  switch (source.kind) {
    case "stdin":
      return new StdinSource(source, stdin);
    case "file":
      return new FileSource(source);
    case "folder":
      return new FolderSource(source, join(state, "done-pictures.json"));
    case "demo":
      return new DemoSource(source, units);
  }
}
